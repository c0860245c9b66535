"""The analyst survives its own faults: a judgement that fails does not end the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.live.parts import FIRST_MINUTE, otlp, running, trace_of
from tests.tuning.queue_data import model

from tracetune import pipeline


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
        given.append(stages[-1])
        return tune(*stages[:-2], None, None)

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
