"""What the slow calls of a service have in common that its usual calls have not: attributes, ranked by how they differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tracetune.api.schemas import CompareAnswer, CompareRow
from tracetune.api.services import unknown_service
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.domain.minutes import column, labels
from tracetune.domain.spans import StatusCode

MOST_CALLS = 400
"""Of either kind, the newest: enough to tell shares of a twentieth apart."""

MOST_ROWS = 40

LEAST_DIFFERENCE, STANDARD_ERRORS = 0.05, 2.0
"""A share differs when it does by a twentieth, and by more than two standard errors of what so few calls can say."""

SLOW_QUANTILE = 0.95
"""A call is slow that lasts longer than this share of the usual minutes' slowest and median calls of its operation."""

_NOT_TOLD = "not given"
Call = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """The kept calls of one service, by row of the table of exemplars: which are slow, and which are usual."""

    slow: NDArray[np.int64]
    usual: NDArray[np.int64]


def compare(shown: Shown, window: Window, service_name: str) -> CompareAnswer:
    """The slow calls in the window against usual ones, by every attribute that their spans have.

    Usual calls are from minutes without an incident, and outside the window where that leaves any.

    Raises:
        NotFound: no such service was met.
    """
    if service_name not in shown.analysis.graph.services:
        raise unknown_service(shown, service_name)
    return shown.remembered(("compare", window, service_name), lambda: _compare(shown, window, service_name))


def _compare(shown: Shown, window: Window, service_name: str) -> CompareAnswer:
    table = shown.analysis.ingested.minutes.exemplars
    kept = _kept(shown, window, table, service_name)
    slow, usual = (_calls(shown, table, rows) for rows in (kept.slow, kept.usual))
    return CompareAnswer(service_name, len(slow), len(usual), ranked(slow, usual)[:MOST_ROWS])


def ranked(slow: Sequence[Call], usual: Sequence[Call]) -> list[CompareRow]:
    """Each value of each attribute that two calls disagree in, what differs first, by how much.

    >>> rows = ranked([{"version": "2"}] * 20, [{"version": "1"}] * 19 + [{"version": "2"}])
    >>> [(row.value, row.slow_share, row.usual_share, row.differs) for row in rows]
    [('2', 1.0, 0.05, True)]
    """
    if not slow or not usual:
        return []
    rows: list[CompareRow] = []
    for name in dict.fromkeys(name for call in (*slow, *usual) for name in call):
        ours, others = (Counter(call.get(name, _NOT_TOLD) for call in calls) for calls in (slow, usual))
        values = {**ours, **others}
        if len(values) > 1 and len(values) <= (len(slow) + len(usual)) / 2:  # an id of each call says nothing
            found = [_row(name, value, ours[value], len(slow), others[value], len(usual)) for value in values]
            # What one value gained the others lost: the one that the slow calls have more of says it all.
            rows += [max(found, key=lambda row: row.difference)] if len(found) == 2 else found
    return sorted(rows, key=lambda row: (not row.differs, -abs(row.difference), row.attribute, row.value))


def _row(name: str, value: str, slow: int, slows: int, usual: int, usuals: int) -> CompareRow:
    difference = slow / slows - usual / usuals
    pooled = (slow + usual + 1) / (slows + usuals + 2)  # never 0 or 1: a few calls that agree prove little
    error = math.sqrt(pooled * (1 - pooled) * (1 / slows + 1 / usuals))
    return CompareRow(
        attribute=name,
        value=value,
        slow_share=round(slow / slows, 4),
        usual_share=round(usual / usuals, 4),
        difference=round(difference, 4),
        differs=abs(difference) >= LEAST_DIFFERENCE and abs(difference) > STANDARD_ERRORS * error,
    )


def _kept(shown: Shown, window: Window, table: pa.Table, service_name: str) -> Kept:
    service, services = labels(table, "service_name")
    if service_name not in services:
        return Kept(np.zeros(0, np.int64), np.zeros(0, np.int64))
    mine = np.flatnonzero(service == services.index(service_name))
    minute, operation = column(table, "minute")[mine], labels(table, "span_name")[0][mine]
    duration = column(table, "duration_nano")[mine]
    inside = (minute >= window.first) & (minute < window.last)
    clean = ~_in_incidents(shown, minute)
    outside = clean & ~inside
    usual = outside if outside.any() else clean
    slow = np.zeros(len(mine), np.bool_)
    for each in np.unique(operation[usual]).tolist():
        of_it = operation == each
        usual_most = np.quantile(duration[usual & of_it], SLOW_QUANTILE)
        slow |= of_it & inside & (duration > usual_most)
    return Kept(mine[slow][-MOST_CALLS:], mine[usual & ~slow][-MOST_CALLS:])


def _in_incidents(shown: Shown, minute: NDArray[np.int64]) -> NDArray[np.bool_]:
    inside = np.zeros(len(minute), np.bool_)
    for incident in shown.analysis.incidents:
        inside |= (minute >= incident.onset) & (minute < (incident.end or shown.held.last))
    return inside


def _calls(shown: Shown, table: pa.Table, rows: NDArray[np.int64]) -> list[Call]:
    """What the spans of these calls say; those whose spans were not kept are left out."""
    chosen = table.take(pa.array(rows))
    spans = shown.analysis.ingested.exemplars.table
    ids = set(zip(chosen["trace_id"].to_pylist(), chosen["span_id"].to_pylist(), strict=True))
    traces = spans.filter(pc.is_in(spans["trace_id"], value_set=chosen["trace_id"].combine_chunks()))
    callers = dict(zip(_ids(traces), traces["service_name"].to_pylist(), strict=True))
    mine = traces.filter(pc.is_in(traces["span_id"], value_set=chosen["span_id"].combine_chunks()))
    found: dict[tuple[bytes, bytes], Call] = {}
    for row in mine.to_pylist():
        key = (row["trace_id"], row["span_id"])
        if key in ids:
            found.setdefault(key, dict(_said(row, callers.get((row["trace_id"], row["parent_span_id"]), ""))))
    return list(found.values())


def _ids(spans: pa.Table) -> Iterable[tuple[bytes, bytes]]:
    return zip(spans["trace_id"].to_pylist(), spans["span_id"].to_pylist(), strict=True)


def _said(span: Mapping[str, Any], caller: str) -> Iterable[tuple[str, str]]:
    yield "operation", span["name"]
    yield "called by", caller or "nobody: it begins the trace"
    yield "outcome", "failed" if span["status_code"] == StatusCode.ERROR else "fine"
    yield "service.version", span["service_version"] or _NOT_TOLD
    yield "instance", span["instance"] or _NOT_TOLD
    yield from dict(span["attributes"]).items()
