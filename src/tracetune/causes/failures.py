"""Where errors come from: the services whose own errors rose, not those that pass on what their callees gave them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tracetune.causes.case import Case
from tracetune.causes.sums import Totals, entries, totals_within
from tracetune.domain.minutes import column
from tracetune.domain.series import SeriesKey

LEAST_ERRORS = 5.0
"""Fewer added errors than this have no origin that could be told from chance."""

LEAST_RATIO_RISE = 0.005
"""A ratio that rose by less than half a percent is as usual."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A service from which errors came during the incident.

    Attributes:
        own_errors: added errors that none of its callees explains.
        usual_ratio, now_ratio: errors per call of the service, 0 to 1, as it tells itself; as its callers tell where
            ``is_unreachable``: they see calls fail of which the service reports no error.
        passed_on: the callers that failed more only because of it.
    """

    service_name: str
    span_name: str
    own_errors: float
    share: float
    usual_ratio: float
    now_ratio: float
    is_unreachable: bool
    passed_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rise:
    extra: float  # errors more than the usual ratio would give
    usual_ratio: float
    now_ratio: float


def failures(case: Case) -> tuple[Failure, ...]:
    """The services whose own errors rose, by their share of all own errors downwards."""
    of_entries = entries(case.minutes.operations)
    by_operation = _rises(case, of_entries, ("service_name", "span_name"))
    by_service = _rises(case, of_entries, ("service_name",))
    links = _rises(case, case.minutes.links, ("client", "server"))
    inherited = _inherited(links)
    own = {names[0]: max(0.0, rise.extra - inherited.get(names[0], 0.0)) for names, rise in by_service.items()}
    unseen = _unseen(by_service, links)
    total = sum(own.values()) + sum(unseen.values())
    found = [
        Failure(
            service,
            _worst_operation(service, by_operation),
            errors,
            errors / total,
            by_service[(service,)].usual_ratio,
            by_service[(service,)].now_ratio,
            is_unreachable=False,
            passed_on=_passed_on(service, by_service, links),
        )
        for service, errors in own.items()
        if errors >= LEAST_ERRORS
    ]
    found += [_unreachable(service, errors / total, errors, case, by_service) for service, errors in unseen.items()]
    return tuple(sorted(found, key=lambda failure: (-failure.own_errors, failure.service_name)))


def worst_entry(case: Case, services: frozenset[str] = frozenset()) -> SeriesKey | None:
    """The operation that users call with the most added errors; of these services, where any are named."""
    light = case.minutes.operations.select(["minute", "service_name", "span_name", "calls", "errors", "root_calls"])
    roots = light.filter(pa.array(column(light, "root_calls") > 0))
    rises = _rises(case, roots, ("service_name", "span_name"))
    extra = {SeriesKey(*names): rise.extra for names, rise in rises.items() if not services or names[0] in services}
    if not extra or max(extra.values()) <= 0:
        return None
    return max(sorted(extra), key=extra.__getitem__)


def _rises(case: Case, table: pa.Table, by: tuple[str, ...]) -> Mapping[tuple[str, ...], _Rise]:
    usual: Totals = totals_within(table, case.usual, by, ("calls", "errors"))
    now: Totals = totals_within(table, case.now, by, ("calls", "errors"))
    found = {}
    for names, (calls, errors) in now.items():
        before = usual.get(names, np.zeros(2))
        usual_ratio = float(before[1] / before[0]) if before[0] else 0.0
        now_ratio = float(errors / calls) if calls else 0.0
        is_more = now_ratio - usual_ratio >= LEAST_RATIO_RISE
        found[names] = _Rise(float(errors - usual_ratio * calls) if is_more else 0.0, usual_ratio, now_ratio)
    return found


def _inherited(links: Mapping[tuple[str, ...], _Rise]) -> Mapping[str, float]:
    """The added errors of what each service calls."""
    found: dict[str, float] = defaultdict(float)
    for (client, server), rise in links.items():
        if client != server:
            found[client] += rise.extra
    return found


def _unseen(by_service: Mapping[tuple[str, ...], _Rise], links: Mapping[tuple[str, ...], _Rise]) -> Mapping[str, float]:
    """Added errors that callers see and the callee does not report: it was not reached, or answered too late."""
    seen: dict[str, float] = defaultdict(float)
    for (client, server), rise in links.items():
        if client != server:
            seen[server] += rise.extra
    left = {server: extra - by_service.get((server,), _Rise(0.0, 0.0, 0.0)).extra for server, extra in seen.items()}
    return {server: extra for server, extra in left.items() if extra >= max(LEAST_ERRORS, 0.2 * seen[server])}


def _unreachable(
    service: str, share: float, errors: float, case: Case, by_service: Mapping[tuple[str, ...], _Rise]
) -> Failure:
    rise = _rises(case, case.minutes.links, ("server",))[(service,)]
    callers = case.graph.callers().get(service, frozenset())
    hurt = tuple(name for name in sorted(callers) if by_service.get((name,), rise).extra > 0)
    return Failure(service, "", errors, share, rise.usual_ratio, rise.now_ratio, is_unreachable=True, passed_on=hurt)


def _worst_operation(service: str, by_operation: Mapping[tuple[str, ...], _Rise]) -> str:
    extra = {names[1]: rise.extra for names, rise in by_operation.items() if names[0] == service}
    return max(sorted(extra), key=extra.__getitem__)


def _passed_on(
    service: str, by_service: Mapping[tuple[str, ...], _Rise], links: Mapping[tuple[str, ...], _Rise]
) -> tuple[str, ...]:
    return tuple(
        client
        for (client, server), rise in sorted(links.items())
        if server == service != client and rise.extra > 0 and by_service[(client,)].extra > 0
    )
