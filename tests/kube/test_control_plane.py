"""Against a real API server and its controllers: the chart, the manifests, what roles may not do, and the closed loop."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kube.control_plane import ControlPlane, free_port, running, skip_without
from tests.live.test_tls import self_signed

from tracetune.api.external_metrics import external_metrics_tls, serve_external_metrics
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.analysis import Analysis
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.settings import ApiSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = str(DEPLOY / "helm" / "tracetune")
ACCOUNT = "system:serviceaccount:observability:tracetune"

pytestmark = pytest.mark.kube


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    skip_without()
    with running(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture(scope="module")
def installed(cluster: ControlPlane) -> ControlPlane:
    cluster.helm("install", "tracetune", CHART, "--namespace", "observability", "--create-namespace")
    return cluster


def test_upgrade_keeps_the_tokens_that_the_first_installation_made(installed: ControlPlane) -> None:
    read = ("get", "secret", "tracetune-tokens", "--namespace", "observability", "--output", "jsonpath={.data}")
    before = installed.kubectl(*read)

    installed.helm("upgrade", "tracetune", CHART, "--namespace", "observability", "--set", "keda.enabled=true")

    assert installed.kubectl(*read) == before
    assert "8788" in installed.kubectl(
        "get", "service", "tracetune", "--namespace", "observability", "--output", "yaml"
    )


@pytest.mark.parametrize(
    ("verb", "what", "allowed"),
    [
        ("list", "pods", "yes"),
        ("list", "deployments.apps", "yes"),
        ("list", "horizontalpodautoscalers.autoscaling", "yes"),
        ("delete", "pods", "no"),
        ("patch", "deployments.apps", "no"),
        ("get", "secrets", "no"),
        ("create", "pods/exec", "no"),
    ],
)
def test_account_may_list_and_nothing_else(installed: ControlPlane, verb: str, what: str, allowed: str) -> None:
    said = installed.kubectl("auth", "can-i", verb, what, "--as", ACCOUNT, "--all-namespaces", fails=True)

    assert said.splitlines()[-1] == allowed


@pytest.mark.parametrize("folder", ["base", "overlays/example"])
def test_server_accepts_every_plain_manifest(cluster: ControlPlane, folder: str) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: observability}\n"
    cluster.kubectl("apply", "--filename", "-", given=namespace)

    cluster.kubectl("apply", "--server-side", "--dry-run=server", "--kustomize", str(DEPLOY / "kustomize" / folder))


def test_autoscaler_follows_the_advice_by_the_external_metric(
    cluster: ControlPlane, tmp_path: Path, shop: Analysis
) -> None:
    cluster.kubectl("create", "namespace", "shop")
    cluster.kubectl("create", "deployment", "payments", "--image", "payments", "--namespace", "shop")
    hpa = yaml.safe_load((DEPLOY / "autoscaling" / "external-metric.yaml").read_text())
    hpa["spec"]["metrics"] = hpa["spec"]["metrics"][:1]  # nobody measures CPU here
    publisher = Publisher()
    with _external_metrics(publisher, tmp_path) as port:
        for document in (*_aggregated(port), hpa):
            cluster.kubectl("apply", "--filename", "-", given=json.dumps(document))

        for wanted in (5, 8):
            publisher.publish(Snapshot(analysis=replace(shop, advice=(_advice(float(wanted)),))))
            assert _settled(cluster, wanted) == wanted


def _advice(target: float) -> Advice:
    rest = (Confidence.HIGH, ("why",))
    return Advice("payments", "", Knob.REPLICAS, Action.SET, "replicas", 2.0, target, target, target, *rest)


def _settled(cluster: ControlPlane, wanted: int) -> int:
    read = ("get", "deployment", "payments", "--namespace", "shop", "--output", "jsonpath={.spec.replicas}")
    end = time.monotonic() + 120
    while (found := int(cluster.kubectl(*read))) != wanted and time.monotonic() < end:
        time.sleep(1.0)
    return found


def _aggregated(port: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The way from the API server to a port of this machine."""
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "external-metrics", "namespace": "kube-system"},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
    }
    reference = {"name": "external-metrics", "namespace": "kube-system", "port": port}
    spec = {
        "service": reference,
        "group": "external.metrics.k8s.io",
        "version": "v1beta1",
        "insecureSkipTLSVerify": True,
    }
    api: dict[str, Any] = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
        "spec": {**spec, "groupPriorityMinimum": 100, "versionPriority": 100},
    }
    return service, api


@contextmanager
def _external_metrics(publisher: Publisher, folder: Path) -> Iterator[int]:
    certificate, key = self_signed(folder)
    tls = external_metrics_tls(ApiSettings(external_metrics_certificate=certificate, external_metrics_key=key))
    port = free_port()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve_external_metrics(publisher, "127.0.0.1", port, tls))
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(asyncio.gather(serving, return_exceptions=True)), daemon=True
    )
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(30)
