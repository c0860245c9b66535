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

    found = data_problems(shown)

    assert [each.format for each in found.sources][-1] == "otlp_grpc"
    assert {each.code: each.count for each in found.problems}["no_time"] == 3
    assert found.spans == 100
