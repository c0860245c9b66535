"""The what-ifs of an analysis as the plain numbers of its report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracetune.domain.advice import foremost
from tracetune.domain.analysis import Analysis
from tracetune.domain.whatif import Bounded, EndpointOutlook, Grid, Latency, Refused, WhatIf
from tracetune.sinks.columns import short
from tracetune.sinks.document import WhatIfAnswer, WhatIfEndpoint, WhatIfRefusal, WhatIfs, WhatIfService

MOST_ENDPOINTS, MOST_SERVICES = 8, 10
MOST_REFUSALS = 3
"""Of one answer; the most serious come first."""


def what_ifs(analysis: Analysis) -> WhatIfs | None:
    """The grid of answers; None where none was made."""
    grid = analysis.what_ifs
    if grid is None:
        return None
    first = foremost(analysis.advice)
    endpoints, services = _endpoints(grid), _services(grid)
    said: dict[Refused, int] = {}
    answers = [_answer(each, endpoints, services, said) for each in grid.answers]
    seen = grid.answers[0] if grid.answers else None
    return WhatIfs(
        service_name=grid.service_name,
        present=grid.present,
        advised=grid.advised,
        advice=analysis.advice.index(first) if first else -1,
        reason=grid.reason,
        loads=list(grid.loads),
        replicas=list(grid.replicas),
        endpoints=[_endpoint(seen.endpoints[place], grid) for place in endpoints] if seen else [],
        services=[_service(seen, place, grid) for place in services] if seen else [],
        refusals=[
            WhatIfRefusal(each.reason, each.service_name, each.said, each.unlock, each.is_final) for each in said
        ],
        answers=answers,
    )


def _endpoints(grid: Grid) -> list[int]:
    """Positions of those most called."""
    if not grid.answers:
        return []
    calls = [each.calls_per_second for each in grid.answers[0].endpoints]
    return sorted(range(len(calls)), key=lambda place: -calls[place])[:MOST_ENDPOINTS]


def _services(grid: Grid) -> list[int]:
    """Positions of the service whose replicas vary, then of those with most of their slots busy."""
    if not grid.answers:
        return []
    services = grid.answers[0].services
    varied = [place for place, each in enumerate(services) if each.service_name == grid.service_name]
    known = [place for place, each in enumerate(services) if not np.isnan(each.busy_share) and place not in varied]
    return (varied + sorted(known, key=lambda place: -services[place].busy_share))[:MOST_SERVICES]


def _endpoint(one: EndpointOutlook, grid: Grid) -> WhatIfEndpoint:
    return WhatIfEndpoint(one.service_name, one.span_name, short(one.calls_per_second / grid.loads[0]), _plain(one.now))


def _service(seen: WhatIf, place: int, grid: Grid) -> WhatIfService:
    one = seen.services[place]
    replicas = grid.present if one.service_name == grid.service_name else one.replicas
    full = one.saturation_calls_per_second * max(replicas, 1) / max(one.replicas, 1)
    return WhatIfService(one.service_name, replicas, short(one.calls_per_second / grid.loads[0]), short(full))


def _answer(one: WhatIf, endpoints: Sequence[int], services: Sequence[int], said: dict[Refused, int]) -> WhatIfAnswer:
    told = [each for each in one.refusals if each.is_final] or list(one.refusals)
    latency = [each.latency for each in (one.endpoints[place] for place in endpoints)]
    return WhatIfAnswer(
        is_screened=one.is_screened,
        sentence=one.sentence,
        latency=[_plain(each) for each in latency if each is not None] if all(latency) else None,
        busy=[round(one.services[place].busy_share, 3) for place in services],
        refusals=[said.setdefault(each, len(said)) for each in told[:MOST_REFUSALS]],
    )


def _plain(latency: Latency) -> list[float]:
    """The three quantiles with their bounds."""
    return [number for each in (latency.p50, latency.p95, latency.p99) for number in _bounded(each)]


def _bounded(one: Bounded) -> tuple[float, float, float]:
    return short(one.value), short(one.lower), short(one.upper)
