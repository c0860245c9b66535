"""Every value that the pages show, with its names and units; what else is said stands in ``notices``.

Times are RFC 3339 in UTC, durations seconds, ratios and confidences 0 to 1; a number that is not known is null. What the
report shows too is the report's own struct, from ``tracetune.sinks.document``, so that both say the same.
"""

from __future__ import annotations

import msgspec

from tracetune.api.notices import Event
from tracetune.sinks.document import (
    AdviceView,
    CauseView,
    ContributionView,
    MapEdge,
    MapNode,
    VerdictView,
    Waterfall,
)

Numbers = list[float | None]


class AnomalyItem(msgspec.Struct, frozen=True):
    """One operation outside its range; ``observed`` and the bounds are in ``unit``."""

    id: str
    incident_id: str
    service_name: str
    span_name: str
    kind: str
    unit: str  # s, ratio or calls/min
    severity: str
    onset: str
    end: str | None
    minutes: int
    score: float
    observed: float | None
    expected_lower: float | None
    expected: float | None
    expected_upper: float | None
    calls: int
    is_cause: bool
    dismissed: bool
    why: str
    course: Numbers  # the metric by minute, from half an hour before the onset


class IncidentItem(msgspec.Struct, frozen=True):
    """An incident in a list."""

    id: str
    headline: str
    kind: str
    severity: str
    onset: str
    end: str | None
    minutes: int
    services: list[str]
    cause: str  # the service blamed; "" where nobody is
    cause_kind: str
    confidence: float
    entry: str
    release: str
    snoozed_until: str | None
    dismissed: bool  # every anomaly in it was said to be none
    anomalies: list[AnomalyItem]


class Moment(msgspec.Struct, frozen=True):
    """A point of an incident's timeline."""

    time: str
    kind: str  # release, onset, alert, snooze, feedback, event, end
    text: str


class IncidentDetail(msgspec.Struct, frozen=True):
    """An incident with why it happened, what to do and which traces to look at."""

    incident: IncidentItem
    usual_seconds: float | None
    now_seconds: float | None
    contributions: list[ContributionView]
    causes: list[CauseView]
    advice: list[AdviceView]
    slow: list[Waterfall]
    usual: list[Waterfall]
    timeline: list[Moment]


class ReleaseItem(msgspec.Struct, frozen=True):
    """A version first seen after the beginning of the data."""

    time: str
    service_name: str
    service_version: str


class Counts(msgspec.Struct, frozen=True):
    """Services by state, and incidents in the window."""

    services: int
    affected: int  # in an incident that goes on
    learning: int  # without a forecast yet
    as_expected: int
    open_incidents: int
    ended_incidents: int
    anomalies: int


class Overview(msgspec.Struct, frozen=True):
    """The first thing to see: one sentence, then what it rests on."""

    headline: str
    severity: str
    start: str
    end: str
    snapshot: int
    counts: Counts
    incidents: list[IncidentItem]
    last_incident: IncidentItem | None  # the last one that ended, whenever that was
    releases: list[ReleaseItem]
    events: list[Event]
    limits: list[str]


class GraphAnswer(msgspec.Struct, frozen=True):
    """The service map, laid out; positions depend on the topology alone."""

    mode: str
    width: float
    height: float
    node_width: float
    node_height: float
    services: int  # in all, shown or not
    nodes: list[MapNode]
    edges: list[MapEdge]


class Strip(msgspec.Struct, frozen=True):
    """One service's course: a digit 0 to 4 a cell, a blank where nothing was observed.

    ``by`` says for each cell above its range which number departed most: m the median, p the p95, e errors; it is empty where
    no cell is.
    """

    service_name: str
    cells: str
    by: str


class Strips(msgspec.Struct, frozen=True):
    """How far above its forecast each service was over time."""

    start: str
    minutes_per_cell: int
    strips: list[Strip]


class ServiceItem(msgspec.Struct, frozen=True):
    """One service in a list."""

    service_name: str
    severity: str  # of its worst anomaly in the window; "" where as expected
    state: str  # normal, affected, learning or idle
    kind: str  # "", database, messaging_system or virtual_node
    is_cause: bool
    operations: int
    calls: int
    calls_per_minute: float
    errors: int
    error_ratio: float | None
    p50: float | None
    p95: float | None
    impact_seconds: float  # calls * p95
    replicas: float | None
    version: str  # the newest seen
    course: Numbers  # p95 of its busiest operation in equal stretches of the window


class OperationItem(msgspec.Struct, frozen=True):
    """One entry operation over the window."""

    service_name: str
    span_name: str
    severity: str
    is_root: bool
    calls: int
    errors: int
    p50: float | None
    p95: float | None
    impact_seconds: float
    course: Numbers


class Neighbour(msgspec.Struct, frozen=True):
    """A service that calls, or is called."""

    service_name: str
    connection_type: str
    calls: int
    errors: int


class ServiceDetail(msgspec.Struct, frozen=True):
    """Everything about one service but its series."""

    service: ServiceItem
    sentence: str
    operations: list[OperationItem]
    callers: list[Neighbour]
    callees: list[Neighbour]
    incidents: list[IncidentItem]
    releases: list[ReleaseItem]
    advice: list[AdviceView]
    models: list[VerdictView]


class Marked(msgspec.Struct, frozen=True):
    """A stretch of a chart that was anomalous."""

    id: str
    incident_id: str
    kind: str
    severity: str
    start: float  # seconds since the Unix epoch
    end: float


class SeriesAnswer(msgspec.Struct, frozen=True):
    """One metric of one operation as columns of equal length, ready to draw.

    A series longer than asked keeps the minutes with the highest and the lowest value of each stretch. ``time`` is
    seconds since the Unix epoch, of each minute's start; from ``future_from`` on only the forecast is there.
    """

    service_name: str
    span_name: str
    metric: str
    quantile: str
    unit: str
    step_seconds: int
    reduced: bool
    model: str
    why_no_band: str
    future_from: float
    time: list[float]
    value: Numbers
    lower: Numbers | None
    middle: Numbers | None
    upper: Numbers | None
    anomalies: list[Marked]
    releases: list[ReleaseItem]


class PathPart(msgspec.Struct, frozen=True):
    """One service's own time on the critical path, seconds a trace."""

    service_name: str
    usual_seconds: float | None
    now_seconds: float | None
    share_of_rise: float | None
    of_the_rise: str  # the share in words; empty where there is none


class PathItem(msgspec.Struct, frozen=True):
    """One root operation taken apart, usually and in the window."""

    entry_service: str
    entry_name: str
    usual_traces: int
    now_traces: int
    usual_seconds: float | None
    now_seconds: float | None
    parts: list[PathPart]


class CompareRow(msgspec.Struct, frozen=True):
    """How often a value of an attribute is met among slow and among usual calls."""

    attribute: str  # OpenTelemetry's name, or: operation, called by, outcome, instance
    value: str
    slow_share: float
    usual_share: float
    difference: float  # slow_share - usual_share
    differs: bool  # by more than so few calls could by chance


class CompareAnswer(msgspec.Struct, frozen=True):
    """Slow calls against usual ones, by every attribute of their spans; what differs first."""

    service_name: str
    slow_calls: int  # that were kept, and compared
    usual_calls: int
    rows: list[CompareRow]


class AtLoad(msgspec.Struct, frozen=True):
    """One service at the load that was asked for, by the queues that its calls show.

    ``replicas`` is the least count at which no more than the asked share of its slots is busy.
    """

    load: float  # times that of the busiest minutes seen
    p95_now: float | None
    p95: float | None  # with the replicas that it has
    p95_lower: float | None  # the interval holds the truth nine times in ten
    p95_upper: float | None
    busy: float | None  # share of the slots, with the replicas that it has; null where the slots are not known
    limit: float | None  # times the load at which all slots are busy
    replicas: int | None
    missing: str  # why something of it is not known; "" where all is


class ScalingItem(msgspec.Struct, frozen=True):
    """What a service uses of its replicas, and every advice about it."""

    service_name: str
    replicas: float | None
    advised: float | None
    advised_lower: float | None
    advised_upper: float | None
    action: str  # set, keep or cannot_say
    busy_mean: float
    busy_peak: float
    calls_per_second: float
    forecast_calls_per_second: float | None
    confidence: str
    reason: str
    at_load: AtLoad | None  # null where no load was asked for
    advice: list[AdviceView]
