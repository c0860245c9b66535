"""The analyst survives its own faults: a judgement that fails does not end the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.live.parts import FIRST_MINUTE, Clock, closed, otlp, running, trace_of
from tests.tuning.queue_data import model

from tracetune import pipeline
from tracetune.domain.spans import SpanBatch
from tracetune.live.events import Event
from tracetune.live.jobs import JobState
from tracetune.live.publisher import Snapshot


def test_minute_that_cannot_be_judged_leaves_the_last_snapshot_and_the_next_one_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of ours")

    with running(tmp_path) as server:
        server.admission.accept(otlp(trace_of(0))).result()
        analyst = server._analyst
        assert analyst is not None
        with monkeypatch.context() as patched:
            patched.setattr(pipeline, "detect", broken)
            analyst.judge(FIRST_MINUTE)
            after_fault = server.publisher.current()
        analyst.judge(FIRST_MINUTE)
        after = server.publisher.current()

    assert (after_fault.version, after_fault.analysis) == (0, None)
    assert after.version == 1
    assert after.analysis is not None


def test_training_is_done_when_the_snapshot_with_its_models_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_publishing: list[tuple[JobState, bool]] = []
    clock = Clock()
    clock.now += 40 * 60.0
    with running(tmp_path, clock) as server:
        spans = SpanBatch.concat([trace_of(minute, number) for minute in range(35) for number in range(5)])
        server.admission.accept(otlp(spans)).result()
        job = server.jobs.ask()
        publish = server.publisher.publish

        def published(snapshot: Snapshot, events: Sequence[Event]) -> None:
            is_learned = snapshot.analysis is not None and bool(snapshot.analysis.learned.forecasts)
            at_publishing.append((server.jobs.job(job.id).state, is_learned))
            publish(snapshot, events)

        monkeypatch.setattr(server.publisher, "publish", published)
        asyncio.run(closed(server, clock, FIRST_MINUTE + 34))
    after = server.jobs.job(job.id)  # the server has stopped, so its last judgement is whole

    assert at_publishing == [(JobState.RUNNING, True)]
    assert after.state is JobState.DONE


def test_lag_is_counted_from_the_end_of_the_grace(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        analyst = server._analyst
        assert analyst is not None
        analyst._clock = lambda: (FIRST_MINUTE + 1) * 60 + 10.0 + 2.5
        analyst.judge(FIRST_MINUTE)

        assert server.publisher.current().status.lag_seconds == 2.5


def test_objectives_reach_the_advice_and_one_of_an_unknown_endpoint_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = model().endpoints[0][1]
    given: list[Any] = []
    tune: Any = pipeline.tune

    def tuned(*stages: Any) -> Any:
        _model, wanted = stages[5:7]
        given.append(wanted)
        return tune(*stages[:5])

    with running(tmp_path, objectives={operation: 0.5, "GET /never": 1.0}) as server:
        server.admission.accept(otlp(trace_of(0))).result()
        analyst = server._analyst
        assert analyst is not None
        monkeypatch.setattr(analyst._queues, "refresh", lambda *_: model())
        monkeypatch.setattr(pipeline, "tune", tuned)
        analyst.judge(FIRST_MINUTE)
        problems = server.status().problems

    assert given == [{operation: 0.5}]
    assert problems == ("no trace begins yet with GET /never, which tune.slo names",)
