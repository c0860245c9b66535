"""Whole calls of recent minutes, bounded, and the queues in them: found beside the loop, seldom, and used between."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.api.conftest import local_client
from tests.live.parts import FIRST_MINUTE, Clock, closed, otlp, running, trace_of

from tracetune import pipeline
from tracetune.api.app import create_app
from tracetune.domain.analysis import Ingested, Learned
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesBatch
from tracetune.domain.spans import SpanBatch
from tracetune.errors import Unavailable
from tracetune.live import queues
from tracetune.live.queues import Queues
from tracetune.pipeline import recall
from tracetune.testing.shop import shop_day
from tracetune.traces.summarise import TraceSummary, summarise


def minute_of(minute: int, traces: int = 3) -> TraceSummary:
    return summarise(SpanBatch.concat([trace_of(minute, number) for number in range(traces)]))


def seen(*summaries: TraceSummary) -> tuple[Ingested, Learned]:
    minutes = MinuteBatch.merge([each.minutes for each in summaries])
    return recall(minutes, "a test"), Learned(SeriesBatch.from_minutes(minutes), {}, ())


def kept_minutes(of: Queues) -> list[int]:
    found: list[int] = (of._sample.minutes() - FIRST_MINUTE).tolist()
    return found


class Finder:
    """Stands for the search, which takes seconds: notes the minutes it was given, and gives what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[list[int]] = []
        self.found: Any = "a model"
        monkeypatch.setattr(queues, "LEAST_CALLS", 1)
        monkeypatch.setattr(pipeline, "queues", self._find)

    def _find(self, ingested: Ingested, *_: Any) -> Any:
        self.asked.append((ingested.calls.minutes() - FIRST_MINUTE).tolist())
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_the_minute_in_which_the_process_began_is_never_kept() -> None:
    kept = Queues(FIRST_MINUTE)
    for minute in (0, 1, 0):
        kept.add(minute_of(minute).calls)

    assert kept_minutes(kept) == [1]
    assert len(kept) == 6


def test_memory_is_bounded_by_leaving_out_whole_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MOST_CALLS", 20)
    kept = Queues(FIRST_MINUTE - 1)
    for minute in range(30):
        kept.add(minute_of(minute).calls)

        assert len(kept) <= 20
    counts = np.unique(kept._sample.table["begun_unix_nano"].to_numpy() // 60_000_000_000, return_counts=True)[1]
    assert set(counts.tolist()) == {6}


def test_old_calls_and_the_memory_of_what_was_left_out_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "KEPT_MINUTES", 3)
    kept = Queues(FIRST_MINUTE)
    for minute in range(6):
        kept.add(minute_of(minute).calls)

    kept.refresh(FIRST_MINUTE + 5, *seen(minute_of(5)), (), {})

    assert kept_minutes(kept) == [3, 4, 5]
    assert kept._sample.left_out == frozenset()


def test_queues_are_found_beside_the_loop_every_ten_minutes_and_used_between(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = Finder(monkeypatch)
    kept = Queues(FIRST_MINUTE - 1)
    used: list[Any] = []
    for minute in range(23):
        kept.add(minute_of(minute).calls)
        finder.found = f"model of minute {minute}"
        used.append(kept.refresh(FIRST_MINUTE + minute, *seen(minute_of(minute)), (), {}))
        kept.wait()

    assert used[0] is None  # the first is under way
    assert used[1:11] == ["model of minute 0"] * 10
    assert used[11:21] == ["model of minute 10"] * 10
    assert [each[-1] for each in finder.asked] == [0, 10, 20]


def test_a_search_that_fails_leaves_the_model_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = Finder(monkeypatch)
    kept = Queues(FIRST_MINUTE - 1)
    used: list[Any] = []
    for minute, found in ((0, "a model"), (10, RuntimeError("a fault of ours")), (20, None), (30, "the next")):
        finder.found = found
        kept.add(minute_of(minute).calls)
        used.append(kept.refresh(FIRST_MINUTE + minute, *seen(minute_of(minute)), (), {}))
        kept.wait()

    assert used == [None, "a model", "a model", "a model"]
    used.append(kept.refresh(FIRST_MINUTE + 31, *seen(minute_of(31)), (), {}))
    assert used[-1] == "the next"


def test_too_few_calls_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = Finder(monkeypatch)
    monkeypatch.setattr(queues, "LEAST_CALLS", 7)
    kept = Queues(FIRST_MINUTE - 1)
    kept.add(minute_of(0).calls)

    kept.refresh(FIRST_MINUTE, *seen(minute_of(0)), (), {})

    assert finder.asked == []


@pytest.mark.slow
def test_a_running_server_answers_what_if_and_advises_from_the_queues_it_found(tmp_path: Path) -> None:
    clock = Clock()
    clock.now -= 60.0  # it begins to listen a minute before the first spans
    with running(tmp_path, clock, max_spans=1_000_000) as server:
        client = local_client(create_app(server.publisher))
        for batch in shop_day(1, minutes=32, traces_per_minute=60.0, stories=(), batch_minutes=1):
            clock.now += 60.0
            server.admission.accept(otlp(batch)).result()
        asyncio.run(closed(server, clock, FIRST_MINUTE + 30))
        before = client.get("/api/v1/whatif?load=0.8&replicas=payments=3")
        analyst = server._analyst
        assert analyst is not None
        analyst._queues.wait()
        asyncio.run(closed(server, clock, FIRST_MINUTE + 31))
        after = client.get("/api/v1/whatif?load=0.8&replicas=payments=3")
        analysis = server.publisher.current().analysis

    assert (before.status_code, after.status_code) == (422, 200)
    assert {each["service_name"] for each in after.json()["services"]} >= {"payments"}
    assert analysis is not None
    assert {each.service_name for each in analysis.stations} >= {"payments"}


def test_the_sample_of_a_process_before_is_taken_up_without_its_last_minutes() -> None:
    before = Queues(FIRST_MINUTE - 1)
    for minute in range(6):
        before.add(minute_of(minute).calls)

    after = Queues(FIRST_MINUTE + 9, before._sample)
    for minute in (4, 9, 10):  # late calls of a minute that was cut off, the minute of the start, a whole one
        after.add(minute_of(minute).calls)

    assert kept_minutes(after) == [0, 1, 2, 3, 10]


def test_the_sample_is_given_away_when_queues_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    Finder(monkeypatch)
    given: list[int] = []
    kept = Queues(FIRST_MINUTE - 1, keep=lambda sample: given.append(len(sample)))
    summary = minute_of(0)
    kept.add(summary.calls)

    kept.refresh(FIRST_MINUTE, *seen(summary), (), {})
    kept.stop()

    assert given == [len(kept)]


def test_a_store_that_takes_no_sample_keeps_nobody_from_looking_for_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise Unavailable("the store cannot write calls: no space left")

    finder = Finder(monkeypatch)
    kept = Queues(FIRST_MINUTE - 1, keep=full)
    summary = minute_of(0)
    kept.add(summary.calls)

    kept.refresh(FIRST_MINUTE, *seen(summary), (), {})
    kept.stop()

    assert finder.asked == [[0]]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
@pytest.mark.parametrize("before", [0, 19])
def test_search_yields_to_those_who_judge_and_keeps_the_niceness_it_was_started_with(before: int) -> None:
    said = "import os; from tracetune.live.queues import be_nice; be_nice(); print(os.getpriority(os.PRIO_PROCESS, 0))"
    command = ["/usr/bin/env", "nice", "-n", str(before), sys.executable, "-c", said]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words

    assert int(done.stdout) == min(max(os.getpriority(os.PRIO_PROCESS, 0) + before, 10), 19)
