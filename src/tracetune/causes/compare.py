"""Where the time of an entry operation goes, usually and now: own time on the critical path, service by service."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.causes.case import Case, Minutes
from tracetune.causes.sums import only, per_minute, spread, totals, within
from tracetune.domain.causes import Contribution
from tracetune.domain.series import SeriesKey

LEAST_RELATIVE_RISE = 0.05
"""A mean that rose by less than a twentieth is as usual, however steady it was before."""


@dataclass(frozen=True, slots=True)
class Part:
    """One operation's own time on the critical path of an entry, in seconds a trace, and its spans there a trace."""

    key: SeriesKey
    usual_seconds: float
    now_seconds: float
    usual_spans: float
    now_spans: float

    @property
    def rise(self) -> float:
        """Seconds a trace more than usual."""
        return self.now_seconds - self.usual_seconds

    @property
    def rise_by_count(self) -> float:
        """The part of the rise that would be there if each span took its usual time: more spans, not slower ones."""
        if not self.usual_spans:
            return 0.0
        return self.usual_seconds / self.usual_spans * (self.now_spans - self.usual_spans)


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The mean duration of an entry operation taken apart; the parts sum to it, exactly as critical paths do.

    Attributes:
        usual_traces, now_traces: how many traces the means are of.
        spread_seconds: how far the mean of one minute usually lies from the median of the minutes.
    """

    entry: SeriesKey
    usual_traces: float
    now_traces: float
    usual_seconds: float
    now_seconds: float
    spread_seconds: float
    parts: tuple[Part, ...]

    @property
    def rise(self) -> float:
        """Seconds a trace more than usual."""
        return self.now_seconds - self.usual_seconds

    @property
    def is_slower(self) -> bool:
        """Whether the rise is more than the usual minute-to-minute movement."""
        return self.rise > max(2 * self.spread_seconds, LEAST_RELATIVE_RISE * self.usual_seconds)

    def part(self, key: SeriesKey) -> Part | None:
        """The part of one operation; None where it is never on the critical path."""
        return next((part for part in self.parts if part.key == key), None)

    def service_rise(self, service_name: str) -> float:
        """Seconds a trace by which the own time of a whole service rose."""
        return sum(part.rise for part in self.parts if part.key.service_name == service_name)

    def contributions(self) -> tuple[Contribution, ...]:
        """The parts by service, by share of the rise downwards; shares are 0 where the entry is as quick as usual."""
        seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for part in self.parts:
            seconds[part.key.service_name][0] += part.usual_seconds
            seconds[part.key.service_name][1] += part.now_seconds
        rise = self.rise if self.is_slower else math.inf
        found = [Contribution(name, usual, now, (now - usual) / rise) for name, (usual, now) in seconds.items()]
        return tuple(sorted(found, key=lambda each: (-each.share_of_rise, -each.now_seconds, each.service_name)))


def decompose(case: Case) -> tuple[Decomposition, ...]:
    """Every entry operation with traces both in the usual minutes and in the incident, taken apart.

    Entries are compared each with itself only: when users ask more for a dear entry and less for a cheap one, no entry
    changes, and nobody is to blame.
    """
    paths = case.minutes.paths
    usual, now = within(paths, case.usual), within(paths, case.now)
    usual_parts, now_parts = _by_entry(usual), _by_entry(now)
    return tuple(
        _decomposition(entry, usual_parts[entry], now_parts[entry], usual, case.usual)
        for entry in sorted(usual_parts.keys() & now_parts.keys())
        if _traces(entry, usual_parts[entry]) and _traces(entry, now_parts[entry])
    )


def service_spread(case: Case, entry: SeriesKey, service_name: str) -> float:
    """How far a service's own time on the critical path of an entry usually moves from minute to minute, in seconds."""
    of_entry = only(case.minutes.paths, entry_service=entry.service_name, entry_name=entry.span_name)
    own = per_minute(only(of_entry, service_name=service_name), case.usual, "critical_path_nano")
    traces = _traces_per_minute(of_entry, entry, case.usual)
    seen = traces > 0
    means = own[seen] / traces[seen] / 1e9
    usual = float(np.median(means)) if len(means) else 0.0
    return spread(means, least=max(0.03 * usual, 1e-4))


def minute_means(case: Case, entry: SeriesKey, minutes: Minutes) -> NDArray[np.float64]:
    """The mean duration of an entry operation in each of these minutes, (minute,) seconds; NaN without traces."""
    of_entry = only(case.minutes.paths, entry_service=entry.service_name, entry_name=entry.span_name)
    return _means(of_entry, entry, minutes)


_Parts = dict[SeriesKey, tuple[float, float, float]]  # traces, spans, seconds on the critical path


def _by_entry(paths: pa.Table) -> dict[SeriesKey, _Parts]:
    by = ("entry_service", "entry_name", "service_name", "span_name")
    found: dict[SeriesKey, _Parts] = defaultdict(dict)
    for names, (traces, spans, nanos) in totals(paths, by, ("traces", "spans", "critical_path_nano")).items():
        found[SeriesKey(*names[:2])][SeriesKey(*names[2:])] = (float(traces), float(spans), float(nanos) / 1e9)
    return found


def _traces(entry: SeriesKey, parts: _Parts) -> float:
    return parts.get(entry, (0.0, 0.0, 0.0))[0]


def _decomposition(entry: SeriesKey, usual: _Parts, now: _Parts, table: pa.Table, minutes: Minutes) -> Decomposition:
    usual_traces, now_traces = _traces(entry, usual), _traces(entry, now)
    parts = tuple(_parts(usual, now, usual_traces, now_traces))
    usual_seconds = sum(part.usual_seconds for part in parts)
    of_entry = only(table, entry_service=entry.service_name, entry_name=entry.span_name)
    moved = spread(_means(of_entry, entry, minutes), least=0.01 * usual_seconds)
    return Decomposition(
        entry, usual_traces, now_traces, usual_seconds, sum(part.now_seconds for part in parts), moved, parts
    )


def _parts(usual: _Parts, now: _Parts, usual_traces: float, now_traces: float) -> Iterator[Part]:
    nothing = (0.0, 0.0, 0.0)
    for key in sorted(usual.keys() | now.keys()):
        _, usual_spans, usual_seconds = usual.get(key, nothing)
        _, now_spans, now_seconds = now.get(key, nothing)
        yield Part(
            key,
            usual_seconds / usual_traces,
            now_seconds / now_traces,
            usual_spans / usual_traces,
            now_spans / now_traces,
        )


def _traces_per_minute(of_entry: pa.Table, entry: SeriesKey, minutes: Minutes) -> NDArray[np.float64]:
    root = only(of_entry, service_name=entry.service_name, span_name=entry.span_name)
    return per_minute(root, minutes, "traces")


def _means(of_entry: pa.Table, entry: SeriesKey, minutes: Minutes) -> NDArray[np.float64]:
    traces = _traces_per_minute(of_entry, entry, minutes)
    nanos = per_minute(of_entry, minutes, "critical_path_nano")
    means = np.full(len(minutes), np.nan)
    np.divide(nanos, traces * 1e9, out=means, where=traces > 0)
    return means
