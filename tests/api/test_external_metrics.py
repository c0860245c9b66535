"""Kubernetes' external metrics API over TLS, asked as the API server's aggregator asks for an autoscaler."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.api.conftest import local_client
from tests.live.parts import listening
from tests.live.test_tls import self_signed

from tracetune.api.build import build
from tracetune.api.external_metrics import ROOT, ExternalMetrics, external_metrics_tls, serve_external_metrics
from tracetune.api.snapshots import fixed
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.analysis import Analysis
from tracetune.errors import InvalidSettings
from tracetune.live.publisher import Publisher
from tracetune.settings import ApiSettings, Settings

ADVISED = f"{ROOT}/namespaces/shop/tracetune_replicas_advised"


def _advice(service: str, target: float | None, action: Action) -> Advice:
    return Advice(
        service, "", Knob.REPLICAS, action, "replicas", 2.0, target, target, target, Confidence.HIGH, ("why",)
    )


@pytest.fixture
def publisher(shop: Analysis) -> Publisher:
    advice = (_advice("payments", 4.2, Action.SET), _advice("bank", None, Action.CANNOT_SAY))
    return fixed(replace(shop, advice=advice))


@pytest.fixture
def client(publisher: Publisher) -> Iterator[httpx.Client]:
    with (
        listening(ExternalMetrics(publisher, lambda: 0.0)) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as asking,
    ):
        yield asking


def test_the_group_lists_its_metrics(client: httpx.Client) -> None:
    listed = client.get(ROOT).json()

    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "external.metrics.k8s.io/v1beta1")
    assert [each["name"] for each in listed["resources"]] == [
        "tracetune_replicas_advised",
        "tracetune_calls_per_second_forecast",
    ]
    assert all(each["namespaced"] and each["kind"] == "ExternalMetricValueList" for each in listed["resources"])


def test_an_autoscalers_selector_gets_as_many_replicas_as_are_advised(client: httpx.Client) -> None:
    found = client.get(ADVISED, params={"labelSelector": "service=payments"}).json()

    assert found["kind"] == "ExternalMetricValueList"
    assert found["items"] == [
        {
            "metricName": "tracetune_replicas_advised",
            "metricLabels": {"service": "payments"},
            "timestamp": "1970-01-01T00:00:00Z",
            "value": "5000m",
        }
    ]


@pytest.mark.parametrize("service", ["bank", "unknown"])
def test_where_nothing_can_be_said_there_is_no_item_and_no_error(client: httpx.Client, service: str) -> None:
    answer = client.get(ADVISED, params={"labelSelector": f"service={service}"})

    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", ADVISED, 400),
        ("GET", f"{ADVISED}?labelSelector=service%20in%20(a,b)", 400),
        ("GET", f"{ADVISED}?labelSelector=service%21%3Da", 400),
        ("GET", f"{ROOT}/namespaces/shop/other", 404),
        ("GET", "/api/v1/overview", 404),
        ("POST", ADVISED, 405),
    ],
)
def test_what_cannot_be_answered_is_a_status_of_kubernetes(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)

    assert answer.status_code == status
    assert (answer.json()["kind"], answer.json()["code"], answer.json()["status"]) == ("Status", status, "Failure")


def test_aggregator_is_known_by_its_certificate(publisher: Publisher, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    api = ApiSettings(
        external_metrics_certificate=certificate, external_metrics_key=key, external_metrics_client_ca=certificate
    )
    context = ssl.create_default_context(cafile=certificate)
    with _serving(publisher, api) as url:
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}{ROOT}", verify=context, timeout=30, trust_env=False)
        context.load_cert_chain(certificate, key)
        assert httpx.get(f"{url}{ROOT}", verify=context, timeout=30, trust_env=False).status_code == 200


def test_it_is_off_until_it_has_a_port_and_then_needs_a_certificate(tmp_path: Path) -> None:
    assert ApiSettings().external_metrics_port == -1
    with pytest.raises(InvalidSettings, match="needs a certificate"):
        build(Settings(api=ApiSettings(external_metrics_port=0)), Publisher())
    missing = str(tmp_path / "no.pem")
    api = ApiSettings(external_metrics_port=0, external_metrics_certificate=missing, external_metrics_key=missing)
    with pytest.raises(InvalidSettings, match="cannot be used"):
        build(Settings(api=api), Publisher())


def test_it_is_served_while_the_application_runs(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    port = _free_port()
    api = ApiSettings(external_metrics_port=port, external_metrics_certificate=certificate, external_metrics_key=key)
    context = ssl.create_default_context(cafile=certificate)

    with local_client(build(Settings(api=api), Publisher())):
        _until_it_listens(port)
        found = httpx.get(f"https://127.0.0.1:{port}{ROOT}", verify=context, timeout=30, trust_env=False).json()

    assert found["kind"] == "APIResourceList"


@contextmanager
def _serving(publisher: Publisher, api: ApiSettings) -> Iterator[str]:
    port = _free_port()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve_external_metrics(publisher, "127.0.0.1", port, external_metrics_tls(api)))

    async def run() -> None:
        await asyncio.gather(serving, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    try:
        _until_it_listens(port)
        yield f"https://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(30)
        loop.close()


def _until_it_listens(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
