"""The kernels of this package as slow and obvious Python: what they are tested and timed against."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from tracetune.tuning.queues.templates import (
    CONTENTION,
    HOLD,
    LEAST_REQUEST,
    ROUND_ROBIN,
    SELF,
    SHARING,
    Stations,
    Templates,
)


def fcfs_begins(arrived: Sequence[float], left: Sequence[float], slots: int) -> list[float]:
    """When each job got a slot: at once if one was free, else when the first of those that held one left."""
    begins: list[float] = []
    held: list[float] = []
    for come, gone in zip(arrived, left, strict=True):
        if len(held) < slots:
            begin = come
        else:
            first = min(held)
            held.remove(first)
            begin = max(come, first)
        begins.append(begin)
        held.append(gone)
    return begins


def sharing_work(arrived: Sequence[float], left: Sequence[float], cores: float) -> list[float]:
    """The integral of min(1, cores / n) over each job's stay, piece by piece between all arrivals and departures."""
    instants = sorted({*arrived, *left})
    rates = []
    for begin, end in itertools.pairwise(instants):
        present = sum(1 for come, gone in zip(arrived, left, strict=True) if come <= begin and gone >= end)
        rates.append((begin, end, min(1.0, cores / present) if present else 0.0))
    return [
        sum((end - begin) * rate for begin, end, rate in rates if come <= begin and end <= gone)
        for come, gone in zip(arrived, left, strict=True)
    ]


class _Instance:
    def __init__(self) -> None:
        self.present = 0
        self.busy = 0
        self.waiting: deque[Callable[[], None]] = deque()
        self.sharing: dict[int, list[object]] = {}  # by job: work left, and what to do when it is done
        self.since = 0.0
        self.change = 0


class Replay:
    """Templates run again, event by event; instances are chosen by Python's own generator."""

    def __init__(self, templates: Templates, stations: Stations, seed: int) -> None:
        self._templates, self._stations = templates, stations
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._now = 0.0
        self._instances = [[_Instance() for _ in range(count)] for count in stations.replicas]
        self._turn = [0] * len(stations.replicas)
        self.events = 0

    def run(self, traces: Sequence[int], begins: Sequence[float]) -> list[float]:
        """The latency of every request, (request,)."""
        took = [0.0] * len(traces)
        for request, (trace, begin) in enumerate(zip(traces, begins, strict=True)):
            root = int(self._templates.trace_offset[trace])

            def ended(request: int = request, begin: float = begin) -> None:
                took[request] = self._now - begin

            self._at(begin, partial(self._arrive, root, ended))
        while self._events:
            self._now, _, what = heapq.heappop(self._events)
            self.events += 1
            what()
        return took

    def _at(self, time: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._number), what))

    def _choose(self, service: int) -> _Instance:
        instances = self._instances[service]
        if self._stations.balancing[service] == ROUND_ROBIN:
            self._turn[service] += 1
            return instances[(self._turn[service] - 1) % len(instances)]
        one = self._random.choice(instances)
        if self._stations.balancing[service] == LEAST_REQUEST:
            other = self._random.choice(instances)
            return other if other.present < one.present else one
        return one

    def _arrive(self, call: int, ended: Callable[[], None]) -> None:
        service = int(self._templates.service[call])
        instance = self._choose(service)
        instance.present += 1
        returned: set[int] = set()
        fired: set[int] = set()

        def begin() -> None:
            self._proceed(call, instance, returned, fired, ended)

        if self._stations.discipline[service] != HOLD:
            begin()
        elif instance.busy < self._stations.slots[service]:
            instance.busy += 1
            begin()
        else:
            instance.waiting.append(begin)

    def _proceed(
        self, call: int, instance: _Instance, returned: set[int], fired: set[int], ended: Callable[[], None]
    ) -> None:
        templates = self._templates
        for segment in range(templates.segment_offset[call], templates.segment_offset[call + 1]):
            needs = {bit for bit in range(63) if int(templates.needs[segment]) >> bit & 1}
            if segment in fired or not needs <= returned:
                continue
            fired.add(segment)

            def done(segment: int = segment) -> None:
                self._complete(call, segment, instance, returned, fired, ended)

            self._work(call, segment, instance, done)

    def _work(self, call: int, segment: int, instance: _Instance, done: Callable[[], None]) -> None:
        service = int(self._templates.service[call])
        discipline, slots = self._stations.discipline[service], float(self._stations.slots[service])
        work = float(self._templates.work[segment] * self._stations.scale[service])
        if self._templates.is_job[segment] and discipline == SELF:
            self._queue_piece(instance, slots, work, done)
        elif self._templates.is_job[segment] and discipline == SHARING:
            self._progress(instance, slots)
            instance.sharing[next(self._number)] = [work, done]
            self._foresee(instance, slots)
        elif self._templates.is_job[segment] and discipline == CONTENTION:
            self._at(self._now + work * (1 + slots * (instance.present - 1)), done)
        else:
            self._at(self._now + work, done)

    def _queue_piece(self, instance: _Instance, slots: float, work: float, done: Callable[[], None]) -> None:
        def finish() -> None:
            instance.busy -= 1
            if instance.waiting:
                instance.waiting.popleft()()
            done()

        def begin() -> None:
            instance.busy += 1
            self._at(self._now + work, finish)

        if instance.busy < slots:
            begin()
        else:
            instance.waiting.append(begin)

    def _progress(self, instance: _Instance, cores: float) -> None:
        if instance.sharing:
            done = (self._now - instance.since) * min(1.0, cores / len(instance.sharing))
            for job in instance.sharing.values():
                job[0] -= done  # type: ignore[operator]
        instance.since = self._now
        instance.change += 1

    def _foresee(self, instance: _Instance, cores: float) -> None:
        if not instance.sharing:
            return
        change = instance.change
        first = min(instance.sharing, key=lambda job: instance.sharing[job][0])  # type: ignore[arg-type,return-value]
        left: float = max(0.0, instance.sharing[first][0])  # type: ignore[call-overload]

        def end() -> None:
            if instance.change != change:
                return
            self._progress(instance, cores)
            _, done = instance.sharing.pop(first)
            self._foresee(instance, cores)
            done()  # type: ignore[operator]

        self._at(self._now + left / min(1.0, cores / len(instance.sharing)), end)

    def _complete(
        self,
        call: int,
        segment: int,
        instance: _Instance,
        returned: set[int],
        fired: set[int],
        ended: Callable[[], None],
    ) -> None:
        templates = self._templates
        for child in templates.launched[
            templates.launch_offset[segment] : templates.launch_offset[segment + 1]
        ].tolist():
            half = float(templates.transit[child]) / 2

            def back(child: int = child, half: float = half) -> None:
                def arrive() -> None:
                    returned.add(int(templates.bit[child]))
                    self._proceed(call, instance, returned, fired, ended)

                if templates.bit[child] >= 0:
                    self._at(self._now + half, arrive)

            sent = self._now + float(templates.lag[child]) + half
            self._at(sent, partial(self._arrive, child, back))
        if segment + 1 < templates.segment_offset[call + 1]:
            return
        instance.present -= 1
        if self._stations.discipline[int(templates.service[call])] == HOLD:
            if instance.waiting:
                instance.waiting.popleft()()
            else:
                instance.busy -= 1
        ended()
