"""Everything that one look at some traces found: what every surface prints, draws or serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tracetune.domain.advice import Advice, Capacity
from tracetune.domain.anomalies import Incident
from tracetune.domain.calls import CallSample
from tracetune.domain.causes import CauseRanking
from tracetune.domain.forecasts import Forecast
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.quality import Finding
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import SpanBatch
from tracetune.domain.whatif import Grid, Station


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """One file (or stdin) that was read: its format, and what came out of it."""

    name: str
    format: str
    spans: int
    bytes_read: int
    error: str = ""  # why the file could not be used (further), with the offset; "" where all is well


@dataclass(frozen=True, slots=True)
class Ingested:
    """The minutes of the traces that were read, with what was met on the way.

    Attributes:
        spans, traces, services: how many were used.
        start_time_unix_nano, end_time_unix_nano: of the earliest and the latest span; both 0 where there was none.
        findings: problems of the span data, the most harmful first.
        exemplars: the spans of the traces in ``minutes.exemplars``, as far as they were kept.
        calls: all calls of a few of the minutes, to estimate queues from.
    """

    minutes: MinuteBatch
    sources: tuple[SourceSummary, ...]
    spans: int
    traces: int
    services: int
    start_time_unix_nano: int
    end_time_unix_nano: int
    findings: tuple[Finding, ...]
    exemplars: SpanBatch
    calls: CallSample = field(default_factory=CallSample.empty)


@dataclass(frozen=True, slots=True)
class Learned:
    """What is normal: the series, the forecast of each metric, and what was too short to learn from.

    Attributes:
        forecasts: by metric; latency and calls where there is enough history, else empty.
        limits: sentences that say what the data are too short or too thin for, and what would be enough.
    """

    series: SeriesBatch
    forecasts: Mapping[Metric, Forecast]
    limits: tuple[str, ...]

    def between(self, first: int, last: int) -> Learned:
        """The minutes at positions ``[first, last)`` as they were seen then: nothing of what came after, no horizon."""
        forecasts = {
            metric: replace(
                each,
                start_minute=each.start_minute + first,
                cutoff=max(min(last, each.cutoff) - first, 0),
                values=each.values[:, first:last],
            )
            for metric, each in self.forecasts.items()
        }
        return replace(self, series=self.series.between(first, last), forecasts=forecasts)

    def only(self, rows: Sequence[int]) -> Learned:
        """The series at these rows, in this order."""
        series = self.series.only(rows)
        forecasts = {
            metric: replace(
                each,
                keys=series.keys,
                values=each.values[list(rows)],
                verdicts=tuple(each.verdicts[row] for row in rows),
            )
            for metric, each in self.forecasts.items()
        }
        return replace(self, series=series, forecasts=forecasts)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One whole answer: what was read, what is normal, what departed from it, why, and what to do."""

    ingested: Ingested
    learned: Learned
    graph: ServiceGraph
    incidents: tuple[Incident, ...]  # the most severe first, then by onset
    rankings: Mapping[str, CauseRanking]  # by incident id
    capacities: tuple[Capacity, ...]
    advice: tuple[Advice, ...]  # the most useful first
    headline: str  # the one sentence
    parameters: Mapping[str, str]  # how it was made: version, seed, models, seconds a stage
    stations: tuple[Station, ...] = ()  # how each service queues; empty where no whole calls were known
    what_ifs: Grid | None = None  # only where a page is to be made of it that cannot ask for more
