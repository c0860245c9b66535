"""The document that a report holds: every value that the page draws, and nothing else.

The page's own description of it is ``web/src/document.ts``; a test compares the names. Times are minutes since the Unix
epoch (UTC), durations are seconds, shares and ratios 0 to 1. A number that is not known is null.
"""

from __future__ import annotations

import msgspec

from tracetune.sinks.columns import Column


class Source(msgspec.Struct, frozen=True):
    """A file that was read."""

    name: str
    format: str
    spans: int
    bytes_read: int
    error: str


class Facts(msgspec.Struct, frozen=True):
    """What was looked at."""

    traces: int
    spans: int
    services: int
    start_seconds: float  # since the Unix epoch; of the earliest span
    end_seconds: float
    missing_minutes: int  # minutes between them in which nothing was received
    sources: list[Source]


class WaterfallRow(msgspec.Struct, frozen=True, array_like=True):
    """One span of a waterfall; an array in JSON."""

    service_name: str
    span_name: str
    depth: int
    offset_seconds: float  # after the trace's start
    duration_seconds: float
    failed: bool


class Waterfall(msgspec.Struct, frozen=True):
    """One trace to look at."""

    trace_id: str
    start_seconds: float
    duration_seconds: float
    rows: list[WaterfallRow]
    hidden: int  # spans that are not in ``rows``, all of them short


class AnomalyView(msgspec.Struct, frozen=True):
    """One operation outside its range."""

    service_name: str
    span_name: str
    kind: str
    severity: str
    onset: int
    end: int | None
    score: float
    observed: float
    expected_lower: float
    expected: float
    expected_upper: float
    calls: int
    why: str


class ContributionView(msgspec.Struct, frozen=True):
    """One service's part in the critical path."""

    service_name: str
    usual_seconds: float
    now_seconds: float
    share_of_rise: float
    of_the_rise: str  # the share in words


class CauseView(msgspec.Struct, frozen=True):
    """One candidate cause."""

    service_name: str
    span_name: str
    kind: str
    confidence: float
    evidence: list[str]
    against: list[str]


class IncidentView(msgspec.Struct, frozen=True):
    """One incident with its explanation."""

    id: str
    headline: str
    kind: str
    severity: str
    onset: int
    end: int | None
    services: list[str]
    anomalies: list[AnomalyView]
    entry: str  # "" where no whole trace passed through
    usual_seconds: float
    now_seconds: float
    contributions: list[ContributionView]
    causes: list[CauseView]
    release: str
    slow: list[Waterfall]
    usual: list[Waterfall]


class Release(msgspec.Struct, frozen=True):
    """A version that was first seen after the beginning of the data."""

    minute: int
    service_name: str
    service_version: str


class Distribution(msgspec.Struct, frozen=True):
    """Durations of one operation, eight bins to a doubling: bin i holds up to ``2 ** ((first + i + 1) / 8)`` s."""

    first: int
    usual: list[int]
    unusual: list[int]  # calls in anomalous minutes of the same operation; as long as ``usual``


class OwnTime(msgspec.Struct, frozen=True):
    """Mean own time on the critical path of one root operation, by service, in bins of minutes."""

    minutes_per_bin: int
    service_names: list[str]  # the largest first; "" stands for all others together
    seconds: list[Column]  # one a service
    total_seconds: list[float]  # mean over all minutes, one a service


class OperationSeries(msgspec.Struct, frozen=True):
    """One operation, minute by minute.

    ``minutes`` holds each point's distance from the point before (the first one's from the start); it is empty where the
    points are all minutes from the start. A reduced series keeps the highest and the lowest points of each stretch.
    """

    service_name: str
    span_name: str
    is_root: bool
    minutes: list[int]
    p50: Column
    p95: Column
    band: str  # "p95" or "p50": what lower, middle and upper bound; "" where there is no forecast
    lower: Column | None
    middle: Column | None
    upper: Column | None
    calls: Column
    calls_lower: Column | None
    calls_upper: Column | None
    error_ratio: Column | None  # None where no call failed
    distribution: Distribution
    own_time: OwnTime | None


class Spread(msgspec.Struct, frozen=True):
    """How far above its forecast each service was: a digit 0 to 4 for each cell, a blank where nothing was observed."""

    minutes_per_cell: int
    service_names: list[str]
    cells: list[str]
    by: list[
        str
    ]  # for each cell above its range which number departed most: m median, p p95, e errors; "" where none is


class OperationRow(msgspec.Struct, frozen=True):
    """One operation over the whole time."""

    service_name: str
    span_name: str
    calls: int
    errors: int
    p50: float
    p95: float
    impact_seconds: float  # calls * p95
    spark: Column  # p95 in equal stretches of time
    severity: str  # "" where as expected


class MapNode(msgspec.Struct, frozen=True):
    """One service on the map."""

    service_name: str
    x: float
    y: float
    kind: str  # "", "database" or "messaging_system"
    severity: str
    is_cause: bool
    calls: int
    p95: float


class MapEdge(msgspec.Struct, frozen=True):
    """Calls between two services, drawn through these points."""

    client: str
    server: str
    calls: int
    errors: int
    on_slow_path: bool
    points: list[tuple[float, float]]


class ServiceMap(msgspec.Struct, frozen=True):
    """The service map, laid out."""

    width: float
    height: float
    node_width: float
    node_height: float
    nodes: list[MapNode]
    edges: list[MapEdge]


class AdviceView(msgspec.Struct, frozen=True):
    """One recommendation."""

    target_service: str
    peer: str
    knob: str
    action: str
    unit: str
    current: float | None
    lower: float | None
    target: float | None
    upper: float | None
    confidence: str
    reasons: list[str]
    unlock: str
    effect: str  # what is expected of it; "" where nothing was estimated
    risk: str
    details: dict[str, float]  # further values of the knob, by the name that Kubernetes or Istio gives them
    is_minor: bool  # asks for nothing; folded
    patch: str  # YAML to apply; "" where there is nothing to apply


class FindingView(msgspec.Struct, frozen=True):
    """One problem of the data."""

    code: str
    effect: str
    meaning: str
    remedy: str
    count: int
    total: int
    where: list[str]
    detail: str


class VerdictView(msgspec.Struct, frozen=True):
    """Which model speaks for one series, and how well it did on held-back minutes."""

    metric: str
    service_name: str
    span_name: str
    model: str
    coverage: float
    pinball_loss: float  # of the model; in the metric's unit
    event_f1: float  # of the model, on excursions made up on held-back minutes, 0 to 1; null where it was not judged
    reason: str


class WhatIfEndpoint(msgspec.Struct, frozen=True):
    """One of the operations that traces begin with, as it is."""

    service_name: str
    span_name: str
    calls_per_second: float  # at the load that is one
    now: list[float]  # seconds: p50, its lower and upper bound, then p95 and p99 the same


class WhatIfService(msgspec.Struct, frozen=True):
    """One service whose use of its slots is known, or whose replicas may be chosen, as it is."""

    service_name: str
    replicas: int
    calls_per_second: float  # at the load that is one
    saturation_calls_per_second: float  # with these replicas


class WhatIfRefusal(msgspec.Struct, frozen=True):
    """Why an answer has no numbers, or wide ones."""

    reason: str
    service_name: str
    said: str
    unlock: str
    is_final: bool


class WhatIfAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What would happen at one load with one number of replicas; an array in JSON."""

    is_screened: bool
    sentence: str
    latency: list[list[float]] | None  # by endpoint, as ``now``; null where no number can be given
    busy: list[float]  # by service, share of its slots
    refusals: list[int]  # positions among the what-ifs' refusals


class WhatIfs(msgspec.Struct, frozen=True):
    """Answers worked out beforehand: every load with every number of replicas of one service."""

    service_name: str
    present: int
    advised: int  # 0 where no number is advised
    advice: int  # position of the advice that this is about; -1 for none
    reason: str  # why there are no answers; else ""
    loads: list[float]
    replicas: list[int]
    endpoints: list[WhatIfEndpoint]
    services: list[WhatIfService]
    refusals: list[WhatIfRefusal]
    answers: list[WhatIfAnswer]  # of the first load with every number of replicas, then of the next


class Document(msgspec.Struct, frozen=True):
    """The whole report."""

    headline: str
    severity: str  # of the worst incident; "" where there is none
    facts: Facts
    start_minute: int
    cutoff: int  # minutes seen
    length: int  # minutes seen and forecast
    incidents: list[IncidentView]
    series: list[OperationSeries]
    releases: list[Release]
    spread: Spread | None
    operations: list[OperationRow]
    operation_count: int
    map: ServiceMap
    advice: list[AdviceView]
    what_ifs: WhatIfs | None
    findings: list[FindingView]
    limits: list[str]
    parameters: dict[str, str]
    verdicts: list[VerdictView]
    series_count: int


def encode(document: Document) -> str:
    """The document as JSON that may stand inside a script element, whatever its names hold.

    ``<``, ``>`` and ``&`` are written as escapes, so that no name can end the element or open a comment in it; the line
    separators U+2028 and U+2029 too. Numbers that are not finite become null.

    Source: HTML Living Standard, 4.12.1.3 "Restrictions for contents of script elements".
    """
    text = msgspec.json.encode(document).decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
