"""The controller of autoscalers between a real external metrics endpoint and kmock's emulated Kubernetes API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from tests.live.parts import listening
from tests.sinks.analysis_data import shop_analysis

from closed_loop.cluster import emulator
from closed_loop.controller import DEPLOYMENTS, HPAS, Controller, by_advice, by_cpu, deployment, quantity
from tracetune.api.external_metrics import ExternalMetrics
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.live.publisher import Publisher, Snapshot

pytest.importorskip("kmock", reason="not installed: make .venv/.full")


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    with emulator() as client:
        yield client


def create(api: httpx.Client, replicas: int, hpa: dict[str, object]) -> None:
    api.post(DEPLOYMENTS.format(namespace="shop"), json=deployment("payments", replicas)).raise_for_status()
    api.post(HPAS.format(namespace="shop"), json=hpa).raise_for_status()


def test_advised_replicas_reach_the_deployment_up_at_once_and_down_after_five_minutes(api: httpx.Client) -> None:
    publisher = Publisher()
    create(api, 2, by_advice("payments"))
    counts = []
    with (
        listening(ExternalMetrics(publisher)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as metrics,
    ):
        controller = Controller(api, metrics, lambda _name: 0.0)
        for minute, advised in enumerate([None, 5.0, 12.0, *[3.0] * 7]):
            publisher.publish(Snapshot(analysis=replace(shop_analysis(), advice=_advice(advised))))
            controller.minute(60.0 * minute)
            counts.append(controller.replicas()["payments"])

    # at most four pods, or as many again, in 15 seconds; fewer only when that was so for 300 seconds
    assert counts == [2, 5, 12, 12, 12, 12, 12, 3, 3, 3]


def _advice(target: float | None) -> tuple[Advice, ...]:
    if target is None:
        return ()
    known = (Knob.REPLICAS, Action.SET, "replicas", 2.0, target, target, target, Confidence.HIGH, ("why",))
    return (Advice("payments", "", *known),)


def test_usual_autoscaler_follows_cpu(api: httpx.Client) -> None:
    create(api, 2, by_cpu("payments"))
    busy = {"payments": 1.0}
    with httpx.Client() as nobody:
        controller = Controller(api, nobody, lambda name: busy[name])
        controller.minute(0.0)
        grown = controller.replicas()["payments"]
        busy["payments"] = 0.82  # within the tolerance of a tenth
        controller.minute(60.0)

    assert grown > 2
    assert controller.replicas()["payments"] == grown


def test_quantities_are_read_as_kubernetes_writes_them() -> None:
    assert [quantity(text) for text in ("7", "12500m", "1.5")] == [7.0, 12.5, 1.5]
