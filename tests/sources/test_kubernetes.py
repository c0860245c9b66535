"""Workloads from the Kubernetes API, as kmock emulates it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sources.cluster import Cluster, running_cluster

from tracetune.domain.workloads import Autoscaler
from tracetune.errors import InvalidSettings, Unavailable
from tracetune.sources import kubernetes
from tracetune.sources.kubernetes import connect, quantity, workloads

pytest.importorskip("kmock", reason="kmock is not installed: make .venv/.full")
pytest.importorskip("lightkube", reason="lightkube is not installed: make .venv/.full")


def _deployment(
    name: str, labels: dict[str, str], containers: list[dict[str, Any]], replicas: int = 3
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {"readyReplicas": replicas - 1},
    }


def _pod(name: str, app: str, seconds: int, restarts: int = 0) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": app}},
        "status": {
            "startTime": "2026-01-01T10:00:00Z",
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": f"2026-01-01T10:00:{seconds:02}Z"}
            ],
            "containerStatuses": [{"name": "app", "restartCount": restarts, "image": "", "imageID": "", "ready": True}],
        },
    }


def _container(cpu: str, memory: str | None = None) -> dict[str, Any]:
    asked = {"cpu": cpu} | ({"memory": memory} if memory else {})
    return {"name": f"c{cpu}", "resources": {"requests": asked, "limits": {"memory": "1Gi"}}}


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        apps, core = "apis/apps/v1/namespaces/shop", "api/v1/namespaces/shop"
        labels = {"app": "payments", "service.istio.io/canonical-name": "pay"}
        cluster.create(
            f"{apps}/deployments", _deployment("payments", labels, [_container("250m", "128Mi"), _container("1")])
        )
        cluster.create(f"{apps}/deployments", _deployment("cart", {"app": "cart"}, [{"name": "c"}], replicas=1))
        for pod in (
            _pod("payments-a", "payments", 8),
            _pod("payments-b", "payments", 12),
            _pod("payments-c", "payments", 59, 2),
        ):
            cluster.create(f"{core}/pods", pod)
        scaler = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "pay", "namespace": "shop"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payments"},
                "minReplicas": 2,
                "maxReplicas": 9,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                    },
                    {
                        "type": "Pods",
                        "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "40"}},
                    },
                ],
            },
        }
        cluster.create("apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers", scaler)
        yield cluster


def test_workload_has_its_replicas_requests_scaler_pods_and_startup(shop: Cluster, tmp_path: Path) -> None:
    with connect(shop.kubeconfig(tmp_path)) as client:
        cart, payments = workloads(client, "shop")

    assert (payments.kind, payments.namespace, payments.name) == ("Deployment", "shop", "payments")
    assert payments.services == ("pay", "payments")
    assert (payments.replicas, payments.ready) == (3, 2)
    assert payments.cpu_cores == pytest.approx(1.25)
    assert payments.memory_bytes is None  # one of its containers asks for none
    assert payments.memory_limit_bytes == 2 * 2**30
    assert payments.autoscaler == Autoscaler("pay", 2, 9, ("cpu 80 %", "rps 40"))
    assert payments.startup_seconds == 10.0  # of the two that were never restarted
    assert payments.pods == {"payments-a", "payments-b", "payments-c"}
    assert (cart.autoscaler, cart.startup_seconds, cart.pods) == (None, None, frozenset())


def test_all_namespaces_are_read_when_none_is_named(shop: Cluster, tmp_path: Path) -> None:
    with connect(shop.kubeconfig(tmp_path)) as client:
        assert [each.name for each in workloads(client)] == ["cart", "payments"]


def test_empty_cluster_has_no_workloads(tmp_path: Path) -> None:
    with running_cluster() as cluster, connect(cluster.kubeconfig(tmp_path)) as client:
        assert workloads(client) == ()


def test_missing_permission_is_named(tmp_path: Path) -> None:
    with (
        running_cluster(("/api/v1/pods", 403)) as cluster,
        connect(cluster.kubeconfig(tmp_path)) as client,
        pytest.raises(Unavailable, match="answered 403 when pods were listed") as error,
    ):
        workloads(client)

    assert "kubectl auth can-i list pods" in (error.value.hint or "")


def test_cluster_without_the_group_of_autoscalers_has_workloads_that_nobody_scales(tmp_path: Path) -> None:
    with (
        running_cluster(lacks="autoscaling/v2/horizontalpodautoscalers") as cluster,
        connect(cluster.kubeconfig(tmp_path)) as client,
    ):
        cluster.create(
            "apis/apps/v1/namespaces/shop/deployments", _deployment("cart", {"app": "cart"}, [{"name": "c"}])
        )
        found = workloads(client)

    assert [(each.name, each.replicas, each.autoscaler) for each in found] == [("cart", 3, None)]


@pytest.mark.parametrize(("resource", "plural"), [("v1/pods", "pods"), ("apps/v1/statefulsets", "statefulsets")])
def test_server_that_is_no_kubernetes_is_not_an_empty_cluster(resource: str, plural: str, tmp_path: Path) -> None:
    with (
        running_cluster(lacks=resource) as cluster,
        connect(cluster.kubeconfig(tmp_path)) as client,
        pytest.raises(Unavailable, match=f"no Kubernetes API knows {plural} at the address"),
    ):
        workloads(client)


def test_api_server_that_is_away_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = Cluster(f"http://127.0.0.1:{taken.getsockname()[1]}")

        with connect(away.kubeconfig(tmp_path)) as client, pytest.raises(Unavailable, match="does not answer"):
            workloads(client)


def test_api_server_that_is_too_slow_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers
        slow = Cluster(f"http://127.0.0.1:{silent.getsockname()[1]}")

        with connect(slow.kubeconfig(tmp_path)) as client, pytest.raises(Unavailable, match="does not answer"):
            workloads(client)


def test_kubeconfig_without_the_context_is_refused(shop: Cluster, tmp_path: Path) -> None:
    file = shop.kubeconfig(tmp_path)

    with pytest.raises(InvalidSettings, match="no usable cluster"):
        connect(file, context="production")
    with pytest.raises(InvalidSettings, match="no usable cluster"):
        connect(str(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("100u", None), ("2Gi", 2**31), ("1E", 1e18), ("1E3", 1000), ("", None)]
)
def test_quantities_are_read_as_kubernetes_writes_them(text: str, value: float | None) -> None:
    if value is None:
        with pytest.raises((ValueError, KeyError)):
            quantity(text)
    else:
        assert quantity(text) == value
