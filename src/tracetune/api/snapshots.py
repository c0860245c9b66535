"""One published analysis with what requests look up in it, worked out once and shared by all of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import pyarrow as pa

from tracetune.api.windows import Window
from tracetune.domain.analysis import Analysis, Ingested, Learned
from tracetune.domain.anomalies import Anomaly, Incident
from tracetune.domain.forecasts import MIDDLE
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch, column
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.domain.spans import SpanBatch
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.live.status import Status

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 45.0
"""A snapshot that is not prepared after so long is shown as it is: then its first requests wait, but nothing is a minute old."""

MOST_ANSWERS = 128
"""Answers kept a snapshot; each is a few kB to a few hundred kB, and the next snapshot begins anew."""


class Shown:
    """A snapshot as it is served: immutable, with look-ups by name and a memory of answers.

    Attributes:
        snapshot: what was published.
        analysis: of its minutes, with every incident on record: those that go on first, then the ended ones.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.analysis = _with_records(snapshot)
        self._answers: OrderedDict[tuple[object, ...], object] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def held(self) -> Window:
        """The minutes that were analysed."""
        series = self.analysis.learned.series
        return Window(series.start_minute, series.start_minute + series.length)

    @cached_property
    def rows(self) -> Mapping[SeriesKey, int]:
        """The row of every operation in the series."""
        return {key: row for row, key in enumerate(self.analysis.learned.series.keys)}

    @cached_property
    def rows_of(self) -> Mapping[str, list[int]]:
        """The rows of every service's operations."""
        found: dict[str, list[int]] = {}
        for row, key in enumerate(self.analysis.learned.series.keys):
            found.setdefault(key.service_name, []).append(row)
        return found

    @cached_property
    def forecast_rows(self) -> Mapping[Metric, Mapping[SeriesKey, int]]:
        """The row of every operation in each forecast."""
        return {
            metric: {key: row for row, key in enumerate(forecast.keys)}
            for metric, forecast in self.analysis.learned.forecasts.items()
        }

    @cached_property
    def learned_services(self) -> frozenset[str]:
        """Services with at least one forecast of at least one operation that says anything."""
        found: set[str] = set()
        for forecast in self.analysis.learned.forecasts.values():
            known = np.asarray(np.isfinite(forecast.values[:, :, MIDDLE]).any(axis=1), np.bool_)
            found.update(forecast.keys[row].service_name for row in np.flatnonzero(known).tolist())
        return frozenset(found)

    @cached_property
    def incidents(self) -> Mapping[str, Incident]:
        """Every incident by its id."""
        return {incident.id: incident for incident in self.analysis.incidents}

    @cached_property
    def anomalies(self) -> Mapping[str, tuple[Anomaly, Incident]]:
        """Every anomaly by its id, with its incident."""
        return {each.id: (each, incident) for incident in self.analysis.incidents for each in incident.anomalies}

    @cached_property
    def weight(self) -> np.ndarray:
        """Calls times p95, summed over the minutes: the impact of each operation, (series,), in seconds."""
        series = self.analysis.learned.series
        return np.asarray(np.nansum(series[Metric.CALLS] * series[Metric.LATENCY_P95], axis=1))

    def remembered(self, key: tuple[object, ...], work: Callable[[], Answer]) -> Answer:
        """The answer to a question asked before, else the result of ``work``; two threads may do the same work once."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]  # type: ignore[return-value]  # a key belongs to one kind of answer
        answer = work()
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)
        return answer

    def within(self, window: Window) -> Analysis:
        """The analysis as far as it lies in the window; the graph's shape stays that of all the minutes."""
        if window.first <= self.held.first and window.last >= self.held.last:
            return self.analysis
        return self.remembered(("within", window), lambda: _within(self.analysis, window, self.held))


class Snapshots:
    """The publisher's newest snapshot as it is served.

    While somebody follows (``follow`` was called), a new snapshot is shown once ``refresh`` has prepared it, so that no
    request waits for what all of them share; one that nobody prepares in time is shown as it is.
    """

    def __init__(self, publisher: Publisher, clock: Callable[[], float] = time.monotonic) -> None:
        self.publisher = publisher
        self._clock = clock
        self._shown = Shown(publisher.current())
        self._lock = threading.Lock()
        self._follows = False
        self._stale_since: float | None = None

    def current(self) -> Shown:
        """The newest that is ready."""
        newest = self.publisher.current()
        with self._lock:
            if self._shown.snapshot is newest:
                self._stale_since = None
            elif not self._follows or self._waited_enough():
                self._shown, self._stale_since = Shown(newest), None
            return self._shown

    def follow(self, *, follows: bool) -> None:
        """Whether ``refresh`` is called for every new snapshot from now on."""
        self._follows = follows

    def refresh(self, prepare: Callable[[Shown], None]) -> None:
        """Prepare the newest snapshot, then show it."""
        newest = self.publisher.current()
        if self._shown.snapshot is newest:
            return
        shown = Shown(newest)
        prepare(shown)
        with self._lock:
            self._shown, self._stale_since = shown, None

    def _waited_enough(self) -> bool:
        now = self._clock()
        if self._stale_since is None:
            self._stale_since = now
        return now - self._stale_since > PATIENCE_SECONDS


def fixed(analysis: Analysis) -> Publisher:
    """A publisher that for ever gives one analysis, as of trace files that were read."""
    series = analysis.learned.series
    return Publisher(Snapshot(analysis, 1, series.start_minute + series.length - 1, Status(ready=True)))


def _with_records(snapshot: Snapshot) -> Analysis:
    analysis = snapshot.analysis or _NOTHING
    records = {record.incident.id: record for record in (*snapshot.open_incidents, *snapshot.ended_incidents)}
    if not records:
        return analysis
    unrecorded = [incident for incident in analysis.incidents if incident.id not in records]
    rankings = {name: record.ranking for name, record in records.items() if record.ranking is not None}
    return replace(
        analysis,
        incidents=(*(record.incident for record in records.values()), *unrecorded),
        rankings={**analysis.rankings, **rankings},
    )


def _nothing() -> Analysis:
    minutes = MinuteBatch.empty()
    return Analysis(
        ingested=Ingested(minutes, (), 0, 0, 0, 0, 0, (), SpanBatch.empty()),
        learned=Learned(SeriesBatch.from_minutes(minutes), {}, ("No minute was closed yet.",)),
        graph=ServiceGraph((), ()),
        incidents=(),
        rankings={},
        capacities=(),
        advice=(),
        headline="Waiting for the first spans.",
        parameters={},
    )


_NOTHING = _nothing()


def _within(analysis: Analysis, window: Window, held: Window) -> Analysis:
    first, last = max(window.first, held.first), max(min(window.last, held.last), held.first)
    first = min(first, last)
    minutes = analysis.ingested.minutes
    cut = MinuteBatch(
        operations=_between(minutes.operations, window),
        links=_between(minutes.links, window),
        instances=_between(minutes.instances, window),
        paths=_between(minutes.paths, window),
        exemplars=_between(minutes.exemplars, window),
    )
    series = analysis.learned.series.between(first - held.first, last - held.first)
    incidents = tuple(each for each in analysis.incidents if window.overlaps(each.onset, each.end))
    return replace(
        analysis,
        ingested=replace(analysis.ingested, minutes=cut),
        learned=replace(analysis.learned, series=series),
        incidents=incidents,
    )


def _between(table: pa.Table, window: Window) -> pa.Table:
    minute = column(table, "minute")
    if len(minute) and bool(np.all(minute[1:] >= minute[:-1])):
        first, last = np.searchsorted(minute, [window.first, window.last])
        return table.slice(int(first), int(last - first))
    return table.filter(pa.array((minute >= window.first) & (minute < window.last)))
