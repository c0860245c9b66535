"""KEDA's external scaler, asked by grpcurl as KEDA would ask it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tracetune.api.guidance import advised_replicas
from tracetune.api.scaler import serve_scaler
from tracetune.api.snapshots import fixed
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.analysis import Analysis
from tracetune.live.events import MinuteClosed
from tracetune.live.publisher import Publisher

GRPCURL = shutil.which("grpcurl", path=str(Path(sys.executable).parent)) or shutil.which("grpcurl")
HERE = Path(__file__).parent


def _advice(service: str, target: float | None, action: Action = Action.SET) -> Advice:
    return Advice(
        service, "", Knob.REPLICAS, action, "replicas", 2.0, target, target, target, Confidence.HIGH, ("why",)
    )


@pytest.fixture
def publisher(shop: Analysis) -> Publisher:
    advice = (_advice("payments", 4.2), _advice("cart", 3.0, Action.KEEP), _advice("bank", None, Action.CANNOT_SAY))
    return fixed(replace(shop, advice=advice))


@contextmanager
def _serving(publisher: Publisher) -> Iterator[str]:
    box: dict[str, Any] = {}
    ready = threading.Event()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        started: asyncio.Future[int] = loop.create_future()
        task = asyncio.ensure_future(serve_scaler(publisher, "127.0.0.1:0", started))
        box.update(port=await started, loop=loop, task=task)
        ready.set()
        await asyncio.gather(task, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield f"127.0.0.1:{box['port']}"
    finally:
        box["loop"].call_soon_threadsafe(box["task"].cancel)
        thread.join(20)


def _command(address: str, method: str, body: dict[str, Any]) -> list[str]:
    assert GRPCURL
    known = ["-plaintext", "-import-path", str(HERE), "-proto", "externalscaler.proto"]
    return [GRPCURL, *known, "-d", json.dumps(body), address, f"externalscaler.ExternalScaler/{method}"]


def _ask(address: str, method: str, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    done = subprocess.run(  # noqa: S603 - our own words
        _command(address, method, body), capture_output=True, text=True, timeout=30, check=False
    )
    return (json.loads(done.stdout) if done.stdout else {}), done.stderr


def _about(service: str) -> dict[str, Any]:
    return {"name": "x", "namespace": "shop", "scalerMetadata": {"service": service} if service else {}}


def test_advised_replicas_are_rounded_up_and_keep_is_an_answer(publisher: Publisher) -> None:
    assert advised_replicas(publisher, "payments") == 5
    assert advised_replicas(publisher, "cart") == 3
    assert advised_replicas(publisher, "bank") is None
    assert advised_replicas(publisher, "nobody") is None
    assert advised_replicas(Publisher(), "payments") is None


@pytest.mark.skipif(GRPCURL is None, reason="grpcurl is not installed")
def test_keda_gets_as_many_replicas_as_are_advised(publisher: Publisher) -> None:
    with _serving(publisher) as address:
        spec, _ = _ask(address, "GetMetricSpec", _about("payments"))
        metrics, _ = _ask(address, "GetMetrics", {"scaledObjectRef": _about("payments"), "metricName": "replicas"})
        active, _ = _ask(address, "IsActive", _about("payments"))

    assert spec["metricSpecs"] == [{"metricName": "replicas", "targetSize": "1", "targetSizeFloat": 1}]
    # the HorizontalPodAutoscaler asks for ceil(5 / 1) replicas
    assert metrics["metricValues"] == [{"metricName": "replicas", "metricValue": "5", "metricValueFloat": 5}]
    assert active == {"result": True}


@pytest.mark.skipif(GRPCURL is None, reason="grpcurl is not installed")
def test_unknown_needs_and_missing_names_are_errors_that_say_what_to_do(publisher: Publisher) -> None:
    with _serving(publisher) as address:
        _, unknown = _ask(address, "GetMetrics", {"scaledObjectRef": _about("bank"), "metricName": "replicas"})
        _, unnamed = _ask(address, "IsActive", _about(""))

    assert "Code: Unavailable" in unknown
    assert "no replicas are advised for 'bank' yet" in unknown
    assert "Code: InvalidArgument" in unnamed
    assert "name the service there" in unnamed


@pytest.mark.skipif(GRPCURL is None, reason="grpcurl is not installed")
def test_stream_tells_when_a_service_is_to_begin_or_end(publisher: Publisher, shop: Analysis) -> None:
    none = replace(publisher.current(), analysis=replace(shop, advice=(_advice("payments", 0.0),)))
    with (
        _serving(publisher) as address,
        subprocess.Popen(  # noqa: S603 - our own words
            _command(address, "StreamIsActive", _about("payments")), stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout
        first = "".join(process.stdout.readline() for _ in range(3))
        publisher.publish(replace(none, version=1), [MinuteClosed(1, 1)])
        second = "".join(process.stdout.readline() for _ in range(3))
        process.kill()

    assert json.loads(first) == {"result": True}
    assert second.split() == ["{", "}"]  # proto3 leaves false out
