from __future__ import annotations

import dataclasses

from tracetune.api.guidance import data_problems, models, scaling_items
from tracetune.api.snapshots import Shown
from tracetune.domain.analysis import Analysis
from tracetune.live.publisher import Snapshot
from tracetune.live.status import ReceiverStatus, Status
from tracetune.sinks.compose import compose


def test_scaling_has_every_advice_of_the_report(shown: Shown, shop: Analysis) -> None:
    report = compose(shop).advice

    items = scaling_items(shown)

    assert sorted((e.target_service, e.knob, e.peer) for i in items for e in i.advice) == sorted(
        (each.target_service, each.knob, each.peer) for each in report
    )
    payments = next(each for each in items if each.service_name == "payments")
    assert payments.replicas == 4.0


def test_models_are_counted_and_paged(shown: Shown) -> None:
    found = models(shown, limit=5, offset=10)

    assert found.total == 30
    assert len(found.verdicts) == 5
    assert {each.metric: sum(each.by_model.values()) for each in found.summaries} == {"latency_p95": 15, "calls": 15}
    assert found.verdicts[0] == models(shown, limit=50, offset=0).verdicts[10]


def test_problems_of_files_and_of_receivers_stand_together(shop: Analysis) -> None:
    receiver = ReceiverStatus("otlp_grpc", "127.0.0.1:4317", 5, 100, 2_000, 0, "")
    status = Status(receivers=(receiver,), received={"otlp_grpc": 100}, dropped={"no_time": 3, "orphan_span": 1})
    ingested = dataclasses.replace(shop.ingested, findings=shop.ingested.findings[:1])
    shown = Shown(Snapshot(dataclasses.replace(shop, ingested=ingested), 1, 1, status))

    found = data_problems(shown, 0.0)

    assert [each.format for each in found.sources][-1] == "otlp_grpc"
    assert {each.code: each.count for each in found.problems}["no_time"] == 3
    assert found.spans == 100


def test_a_running_server_says_how_it_does_and_what_it_left_out(shop: Analysis) -> None:
    receiver = ReceiverStatus("otlp_grpc", "127.0.0.1:4317", 5, 100, 2_000, 2, "overloaded since 14:03")
    series = shop.learned.series
    last = series.start_minute + series.length - 1
    status = Status(
        started_unix_seconds=1_000.0,
        ready=True,
        receivers=(receiver,),
        received={"otlp_grpc": 100},
        dropped={"no_time": 3, "overload": 7},
        lag_seconds=1.26,
        model="learning, 3.0 of 24 hours",
        model_minutes=180,
        problems=("the disk is full: spans are refused",),
    )
    shown = Shown(Snapshot(shop, 1, last, status))

    found = data_problems(shown, 1_060.0)

    assert [(each.name, each.requests, each.refused) for each in found.sources] == [("127.0.0.1:4317", 5, 2)]
    process = found.process
    assert process is not None
    assert (process.time, process.started) == ("1970-01-01T00:17:40Z", "1970-01-01T00:16:40Z")
    assert [(each.reason, each.count, bool(each.meaning)) for each in process.left_out] == [
        ("overload", 7, False),
        ("no_time", 3, True),
    ]
    assert process.spans_per_minute > 100
    assert (process.lag_seconds, process.model_minutes, process.model_minutes_wanted) == (1.3, 180, 1440)
    assert process.problems == ["the disk is full: spans are refused"]


def test_files_have_no_process(shown: Shown) -> None:
    found = data_problems(shown, 0.0)

    assert found.process is None
    assert [each.format for each in found.sources][:2] == ["jaeger_json", "jaeger_json"]


def test_candidates_are_compared_with_the_best_of_each_series(shown: Shown) -> None:
    summary = models(shown, limit=1, offset=0).summaries[0]

    assert sum(each.series for each in summary.candidates) == summary.series
    assert [each.series for each in summary.candidates] == sorted((e.series for e in summary.candidates), reverse=True)
    best = summary.candidates[0]
    assert best.loss_ratio is not None
    assert best.loss_ratio >= 1.0
