"""What a minute costs the running server, by stage:  python benchmarks/bench_minute.py [OPERATIONS[:MINUTES OF WINDOW] ...].

The analyst of ``tracetune serve`` is given minute after minute of a made-up system, as the fold would give them: services of
ten operations, each called by two others. It is measured when its window is full, without and with an incident. Every size
runs in a process of its own, so that its memory is its own. CPU seconds are of the whole process: the thread that looks for
queues sleeps, because no whole calls are given.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa

from report import save
from tracetune import log
from tracetune.clock import system_clock
from tracetune.domain.histograms import HISTOGRAM
from tracetune.domain.minutes import INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch
from tracetune.domain.series import SeriesBatch
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.learn import Normal
from tracetune.live.analyst import Analyst
from tracetune.live.expectation import Expectation
from tracetune.live.ledger import Ledger
from tracetune.live.memory import resident_bytes
from tracetune.live.publisher import Publisher
from tracetune.live.queues import Queues
from tracetune.live.status import Status
from tracetune.live.training import Trainer
from tracetune.live.window import MOST_ROWS, Window
from tracetune.pipeline import Plan, Stopwatch
from tracetune.traces.summarise import TraceSummary

START = 29_700_000
OPERATIONS_A_SERVICE = 10
BUCKETS = 12
MEASURED_MINUTES = 5
SIZES = ("1000", "10000")
WINDOW_MINUTES = 1440
FIRST_MINUTES = 120


class System:
    """So many operations, with a rhythm, noise, and one service that becomes slow when told."""

    def __init__(self, operations: int) -> None:
        rng = np.random.default_rng(7)
        self.count, self._rng = operations, rng
        self.services = max(operations // OPERATIONS_A_SERVICE, 1)
        self._seconds = np.exp(rng.uniform(-5.0, -1.0, operations))
        self._rate = np.exp(rng.uniform(2.0, 6.0, operations))
        self.slow = False

    def minute(self, minute: int) -> TraceSummary:
        """What the fold gives when this minute is closed."""
        rhythm = 1.0 + 0.3 * np.sin(2 * np.pi * minute / 1440)
        calls = np.maximum(self._rng.poisson(self._rate * rhythm), 1)
        seconds = self._seconds * self._rng.lognormal(0.0, 0.05, self.count)
        if self.slow:
            seconds[:OPERATIONS_A_SERVICE] *= 3.0
        at = np.arange(self.count)
        service = at // OPERATIONS_A_SERVICE
        labels = self._labels()
        batch = MinuteBatch.empty()
        operations = _table(
            OPERATIONS, minute, calls, seconds, {**labels, "span_kind": 2, "is_entry": True}, roots=service < 3
        )
        caller = np.concatenate([(service - 1) // 2, (service + 3) // 5])
        links = {
            "client": (np.maximum(caller, 0), labels["service_name"][1]),
            "server": (np.tile(service, 2), labels["service_name"][1]),
            "span_name": (np.tile(labels["span_name"][0], 2), labels["span_name"][1]),
            "connection_type": (np.zeros(2 * self.count, np.int64), [""]),
        }
        first = np.arange(0, self.count, OPERATIONS_A_SERVICE)
        pods = np.repeat(first, 3)
        instances = {
            "service_name": (pods // OPERATIONS_A_SERVICE, labels["service_name"][1]),
            "service_version": (np.zeros(len(pods), np.int64), ["v1"]),
            "instance": (np.arange(len(pods)), [f"pod-{each}" for each in range(len(pods))]),
        }
        paths = {
            "entry_service": (np.zeros(self.count, np.int64), labels["service_name"][1]),
            "entry_name": (np.zeros(self.count, np.int64), labels["span_name"][1]),
            **labels,
        }
        minutes = replace(
            batch,
            operations=operations,
            links=_table(LINKS, minute, np.tile(calls, 2), np.tile(seconds, 2), links),
            instances=_table(INSTANCES, minute, calls[pods], seconds[pods], instances),
            paths=_table(PATHS, minute, calls, seconds, paths),
        )
        return replace(TraceSummary.empty(), minutes=minutes, spans=int(calls.sum()), traces=int(calls[0]))

    def _labels(self) -> dict[str, Any]:
        at = np.arange(self.count)
        names = [f"service-{each:04}" for each in range(self.services)]
        return {
            "service_name": (at // OPERATIONS_A_SERVICE, names),
            "span_name": (at % OPERATIONS_A_SERVICE, [f"GET /{each}" for each in range(OPERATIONS_A_SERVICE)]),
        }


def _table(
    schema: pa.Schema,
    minute: int,
    calls: np.ndarray,
    seconds: np.ndarray,
    given: dict[str, Any],
    roots: np.ndarray | None = None,
) -> pa.Table:
    rows = len(calls)
    columns: dict[str, pa.Array] = {}
    nanos = (seconds * calls * 1e9).astype(np.int64)
    plain: dict[str, Callable[[], Any]] = {
        "minute": lambda: np.full(rows, minute, np.int32),
        "root_calls": lambda: np.where(np.zeros(rows, np.bool_) if roots is None else roots, calls, 0),
        "errors": lambda: np.zeros(rows, np.int64),
    }
    for field in schema:
        value = given.get(field.name)
        if isinstance(value, tuple):
            columns[field.name] = pa.DictionaryArray.from_arrays(value[0].astype(np.int32), pa.array(value[1]))
        elif field.type.equals(HISTOGRAM):
            columns[field.name] = _maps(seconds, calls)
        elif field.name in plain:
            columns[field.name] = pa.array(plain[field.name]())
        elif value is not None:
            columns[field.name] = pa.array(np.full(rows, value)).cast(field.type)
        else:
            columns[field.name] = pa.array(nanos if field.name.endswith("nano") else calls.astype(np.int64))
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _maps(seconds: np.ndarray, calls: np.ndarray) -> pa.Array:
    """Histograms around the middle, as wide as real ones."""
    rows = len(seconds)
    middle = np.round(16 * np.log2(seconds)).astype(np.int16)
    spread = np.arange(BUCKETS, dtype=np.int16) - BUCKETS // 2
    counts = np.maximum(calls[:, None] // BUCKETS, 1).astype(np.uint64)
    offsets = np.arange(rows + 1, dtype=np.int32) * BUCKETS
    return pa.MapArray.from_arrays(
        pa.array(offsets),
        pa.array((middle[:, None] + spread).reshape(-1)),
        pa.array(np.broadcast_to(counts, (rows, BUCKETS)).reshape(-1)),
    ).cast(HISTOGRAM)


class Training(Trainer):
    """A trainer that never ends: the loop is measured as it is while another process learns."""

    def __init__(self) -> None:
        super().__init__(Path("none"), network=False, seed=0)

    def start(self, _series: SeriesBatch) -> bool:
        """Pretend to begin."""
        return True

    def finished(self) -> Normal | None:
        """Nothing yet."""
        return None


def analyst() -> tuple[Window, Analyst, Queues, Publisher]:
    """As ``live.server`` makes it."""
    publisher = Publisher()
    competing = candidates(network=False)
    expectation = Expectation(competing, Training(), seed=0, horizon_minutes=60, false_incidents_per_week=1.0)
    window, queues = Window(WINDOW_MINUTES, MinuteBatch.empty()), Queues(0)
    made = Analyst(
        window,
        Ledger([], lambda _record: None),
        Plan(competing, 0, 60, 1.0, {}),
        publisher,
        expectation=expectation,
        queues=queues,
        status=lambda _minute, _learned: Status(),
        clock=system_clock,
        grace_seconds=10.0,
    )
    return window, made, queues, publisher


@contextmanager
def stages() -> Iterator[dict[str, list[float]]]:
    """CPU seconds of each stage of the judgements within the block."""
    spent: dict[str, list[float]] = {}
    usual = Stopwatch.stage

    @contextmanager
    def timed(self: Stopwatch, name: str) -> Iterator[Any]:
        begun = time.process_time()
        with usual(self, name) as note:
            yield note
        spent.setdefault(name, []).append(time.process_time() - begun)

    Stopwatch.stage = timed  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        Stopwatch.stage = usual  # type: ignore[method-assign]


def measure(operations: int, longest: int = WINDOW_MINUTES) -> dict[str, float]:
    """Fill the window, then judge some minutes of calm and some of an incident."""
    system = System(operations)
    window, judge, queues, publisher = analyst()
    length = min(longest, MOST_ROWS // operations)
    for first, last in ((0, min(length, FIRST_MINUTES)), (min(length, FIRST_MINUTES), length)):
        if last > first:
            window.add(TraceSummary.merge([system.minute(START + at) for at in range(first, last)]))
            judge.judge(START + last - 1)
    before = resident_bytes()
    figures: dict[str, float] = {"operations": operations, "window, minutes": length}
    at = START + length
    for what in ("calm", "incident"):
        system.slow = what == "incident"
        if system.slow:  # until it is found
            for _ in range(8):
                window.add(system.minute(at))
                judge.judge(at)
                at += 1
        total, whole = [], []
        with stages() as spent:
            for _ in range(MEASURED_MINUTES):
                summary = system.minute(at)
                begun = time.process_time()
                window.add(summary)
                added = time.process_time() - begun
                judge.judge(at)
                total.append(time.process_time() - begun)
                whole.append(added)
                at += 1
        figures |= {f"{what}: CPU s a minute": round(statistics.median(total), 3)}
        figures |= {f"{what}: add": round(statistics.median(whole), 3)}
        figures |= {f"{what}: {name}": round(statistics.median(each), 3) for name, each in spent.items()}
        analysis = publisher.current().analysis
        assert analysis is not None
        figures |= {f"{what}: incidents": len(analysis.incidents)}
    figures["resident MiB"] = round(resident_bytes() / (1 << 20))
    figures["MiB that the measured minutes added"] = round((resident_bytes() - before) / (1 << 20))
    queues.stop()
    return figures


def main() -> None:
    """Measure each size in a process of its own; print and keep the figures."""
    if sys.argv[1:2] == ["one"]:
        log.configure(verbosity=-1)
        operations, _, minutes = sys.argv[2].partition(":")
        print(json.dumps(measure(int(operations), int(minutes or WINDOW_MINUTES))))
        return
    figures: dict[str, float] = {}
    for asked in sys.argv[1:] or SIZES:
        size = int(asked.partition(":")[0])
        command = [sys.executable, __file__, "one", asked]
        run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
        for name, value in json.loads(run.stdout.splitlines()[-1]).items():
            print(f"{size:>6,} operations: {name:40} {value:,}")
            figures[f"{size:,} operations: {name}"] = value
    save("minute", [], **figures)


if __name__ == "__main__":
    main()
