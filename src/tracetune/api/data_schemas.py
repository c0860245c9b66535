"""The values of the Data screen: what comes in, what is wrong with it, and which models speak.

Times are RFC 3339 in UTC, durations seconds, ratios 0 to 1; a number that is not known is null.
"""

from __future__ import annotations

import msgspec

from tracetune.sinks.document import FindingView, VerdictView


class CandidateItem(msgspec.Struct, frozen=True):
    """One model that competed for a metric, and how it did on held-back minutes."""

    model: str
    series: int  # for which it speaks
    loss_ratio: float | None  # its pinball loss over the least of all candidates, the median over series; 1 is the best
    event_f1: float | None  # of excursions made up on the held-back minutes of all series together, 0 to 1


class ModelSummary(msgspec.Struct, frozen=True):
    """How the models did on held-back minutes."""

    metric: str
    series: int
    by_model: dict[str, int]
    coverage: float | None  # mean share of held-back minutes inside the 98 % band
    candidates: list[CandidateItem]  # those that speak for most first


class Models(msgspec.Struct, frozen=True):
    """Which model speaks for which series."""

    summaries: list[ModelSummary]
    limits: list[str]
    parameters: dict[str, str]
    total: int
    verdicts: list[VerdictView]


class SourceItem(msgspec.Struct, frozen=True):
    """Where spans came from."""

    name: str
    format: str
    spans: int
    bytes_read: int
    error: str
    requests: int = 0  # of a receiver; 0 of a file
    refused: int = 0  # requests turned away: overload, no token, malformed


class LeftOut(msgspec.Struct, frozen=True):
    """Spans that were left out, or noted, for one reason."""

    reason: str
    count: int
    meaning: str  # in words; "" where the reason is not a problem of the data


class Process(msgspec.Struct, frozen=True):
    """How the running server is doing since its start."""

    time: str  # of this answer, so that two of them give a rate
    started: str
    ready: bool
    spans_per_minute: float  # in the last minute that was closed
    left_out: list[LeftOut]
    held_spans: int  # whose traces are not whole yet
    lag_seconds: float  # from a minute's grace end to what is shown of it
    memory_bytes: int
    journal_bytes: int
    store: str
    model: str  # in words
    model_minutes: int
    model_minutes_wanted: int
    problems: list[str]  # what somebody should look at


class DataProblems(msgspec.Struct, frozen=True):
    """What came in and what is wrong with it, the most harmful first."""

    spans: int
    traces: int
    sources: list[SourceItem]
    problems: list[FindingView]
    process: Process | None  # null where trace files are shown
