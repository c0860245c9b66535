"""Keeps a bounded sample of recent whole calls, and finds the queues in them now and then, beside the minute loop."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from tracetune import log, pipeline
from tracetune.domain.analysis import Ingested, Learned
from tracetune.domain.anomalies import Incident
from tracetune.domain.calls import CallSample
from tracetune.domain.causes import CauseRanking
from tracetune.errors import TracetuneError
from tracetune.tuning.queues.model import Model

MOST_CALLS = 100_000
"""The most calls that are kept, about 100 bytes each: 10 MB, and as much again while minutes are added or queues are found."""

KEPT_MINUTES = 360
"""Older calls are forgotten, so that a release or another number of replicas is not mixed with the past for long."""

MINUTES_BETWEEN = 10
"""The queues are found anew at most so often."""

LEAST_CALLS = 1000
"""With fewer nothing is looked for: too few to identify the queue of a single service."""

_LOW_PRIORITY = 10
_NOT_WHOLE = 2  # minutes of which calls may still come when the sample is kept


class Queues:
    """The sample, which begins empty with the process, and the last model that was found in it.

    ``add`` and ``refresh`` are for one thread; the work of ``refresh`` is done in another one, of low priority.

    Args:
        start_minute: the minute in which the process began to listen, which is therefore not a whole one.
        kept: the sample of a process before; its last minutes may not be whole either.
        keep: given the sample whenever queues are looked for in it.
    """

    def __init__(
        self, start_minute: int, kept: CallSample | None = None, keep: Callable[[CallSample], None] | None = None
    ) -> None:
        self._sample, self._keep = _without_end(kept or CallSample.empty(), start_minute), keep
        self._thread = ThreadPoolExecutor(1, "queues", be_nice)
        self._finding: Future[Model | None] | None = None
        self._begun_minute = -MINUTES_BETWEEN
        self._model: Model | None = None

    def __len__(self) -> int:
        return len(self._sample)

    def add(self, calls: CallSample) -> None:
        """Take all calls of some traces; what is too much goes by whole minutes, as ``domain.calls.choose_minutes`` says."""
        if len(calls) or calls.left_out:
            self._sample = CallSample.merge([self._sample, calls], MOST_CALLS)

    def refresh(
        self,
        minute: int,
        ingested: Ingested,
        learned: Learned,
        incidents: Sequence[Incident],
        rankings: Mapping[str, CauseRanking],
    ) -> Model | None:
        """The last model that is there; where that is old, the next one is begun from the healthy minutes up to this one."""
        self._collect()
        self._forget(minute + 1 - KEPT_MINUTES)
        is_due = abs(minute - self._begun_minute) >= MINUTES_BETWEEN  # a clock may go back
        if is_due and self._finding is None and len(self._sample) >= LEAST_CALLS:
            asked = replace(ingested, calls=self._sample)
            self._begun_minute = minute
            self._finding = self._thread.submit(self._find, asked, learned, incidents, rankings)
        return self._model

    def wait(self) -> None:
        """Until the search under way has ended."""
        if self._finding:
            self._finding.exception()

    def stop(self) -> None:
        """End after the search under way."""
        self._thread.shutdown()

    def _find(
        self,
        ingested: Ingested,
        learned: Learned,
        incidents: Sequence[Incident],
        rankings: Mapping[str, CauseRanking],
    ) -> Model | None:
        if self._keep:
            try:
                self._keep(ingested.calls)
            except TracetuneError as error:  # the sample is a convenience after the next start
                log.get_logger("queues").warning("the sample of calls could not be kept", error=error.message)
        return pipeline.queues(ingested, learned, incidents, rankings)

    def _collect(self) -> None:
        if self._finding is None or not self._finding.done():
            return
        done, self._finding = self._finding, None
        failure = done.exception()
        if failure is None:
            self._model = done.result() or self._model
        else:  # the model of before is still true of the calls of before
            log.get_logger("queues").error("queues could not be found", error=repr(failure))

    def _forget(self, first: int) -> None:
        minutes = self._sample.minutes()
        left_out = frozenset(each for each in self._sample.left_out if each >= first)
        if len(minutes) and minutes[0] < first:
            self._sample = replace(self._sample.within(minutes[minutes >= first]), left_out=left_out)
        elif len(left_out) < len(self._sample.left_out):
            self._sample = replace(self._sample, left_out=left_out)


def _without_end(kept: CallSample, start_minute: int) -> CallSample:
    """What is whole of a sample that another process left, whose calls of the last minutes were still coming."""
    minutes = kept.minutes()
    whole = minutes[(minutes < start_minute) & (minutes < minutes.max(initial=0) - _NOT_WHOLE + 1)]
    partial = frozenset(minutes[~np.isin(minutes, whole)].tolist())
    return CallSample(kept.within(whole).table, kept.left_out | partial | {start_minute})


def be_nice() -> None:
    """Have this thread wait for those that receive and judge; elsewhere than on Linux a thread has no priority of its own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()  # only root may take back niceness that whoever started the server gave it
        os.setpriority(os.PRIO_PROCESS, thread, max(os.getpriority(os.PRIO_PROCESS, thread), _LOW_PRIORITY))
