"""docs/kubernetes.md from minute 3 to 12: installed by Helm, and the server that the chart describes is started and asked."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.api.real import Receiver, receiver
from tests.deploy.api_server import Place
from tests.deploy.helm import needs_helm
from tests.deploy.release import KUBECTL, Cluster, commands, open_cluster
from tests.live.real import Served, serving

pytest.importorskip("kmock", reason="kmock is not installed: make .venv/.full")
pytestmark = [
    needs_helm,
    pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: make .venv/.helm"),
]

# What a pod has and this machine has not: its address, its volume, and the names of a cluster.
ELSEWHERE = ("TRACETUNE_SERVE_HOST", "TRACETUNE_SERVE_DIRECTORY", "NUMBA_CACHE_DIR", "HOME")

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
PODS = {
    "metadata": {"labels": {"app": "payments"}},
    "spec": {"containers": [{"name": "payments", "image": "payments"}]},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "payments"},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "payments"}}, "template": PODS},
}


def _variables(cluster: Cluster) -> dict[str, str]:
    """Of the server's container, as the kubelet would resolve them."""
    found = {}
    for each in cluster.container()["env"]:
        secret = each.get("valueFrom", {}).get("secretKeyRef")
        found[each["name"]] = base64.b64decode(cluster.tokens()[secret["key"]]).decode() if secret else each["value"]
    return {name: value for name, value in found.items() if name not in ELSEWHERE}


@pytest.fixture(scope="module")
def alertmanager() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with open_cluster("helm", tmp_path_factory.mktemp("cluster")) as opened:
        opened.run(*commands("Minute 3: install"))
        opened.api.create(Place.of("/api/v1/namespaces"), NAMESPACE)
        opened.api.create(Place.of("/apis/apps/v1/namespaces/shop/deployments"), DEPLOYMENT)
        yield opened


@pytest.fixture(scope="module")
def server(cluster: Cluster, alertmanager: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    variables = _variables(cluster)
    assert variables.pop("TRACETUNE_ALERTS_ALERTMANAGER_URL") == "http://alertmanager.monitoring.svc:9093"
    variables["TRACETUNE_ALERTS_ALERTMANAGER_URL"] = alertmanager.url
    with serving(tmp_path_factory.mktemp("data"), **variables) as served:
        yield served


@pytest.mark.slow
def test_token_of_the_guide_opens_the_server_the_alert_arrives_and_advice_is_given(
    cluster: Cluster, server: Served, alertmanager: Receiver
) -> None:
    lines = [*commands("Minute 10: look, and be told"), *commands("Minute 12: tune")]
    forward = lines.pop(0)
    script = "\n".join(lines).replace("http://127.0.0.1:8787", server.url("api", ""))
    path = os.pathsep.join((str(Path(sys.executable).parent), cluster.environment["PATH"]))
    done = subprocess.run(  # noqa: S603 - the guide's
        ["/bin/sh", "-eu", "-c", script],
        cwd=cluster.folder,
        env={**cluster.environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stderr
    assert "port-forward svc/tracetune 8787" in forward  # no pod runs here that it could lead to
    assert "No service was met yet." in done.stdout
    assert "alertmanager" in done.stdout
    assert alertmanager.received.get(timeout=30)[1]
    assert (cluster.folder / "patch.yaml").read_text() == "# nothing to change\n"  # nobody has sent a span
    assert "payments" in done.stdout.splitlines()[-1]


def test_secret_of_the_pipelines_that_the_guide_makes_has_every_key_that_their_pods_read(cluster: Cluster) -> None:
    cluster.api.create(Place.of("/api/v1/namespaces"), {**NAMESPACE, "metadata": {"name": "kubeflow"}})
    cluster.run(*commands("Kubeflow"))

    made = cluster.api.objects["", "secrets", "kubeflow", "tracetune-pipeline"]["data"]
    _, platform = yaml.safe_load_all((cluster.folder / "deploy" / "kubeflow" / "pipeline.yaml").read_text())
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    read = [secret for pod in pods for secret in pod["secretAsEnv"]]
    assert {each["secretName"] for each in read} == {"tracetune-pipeline"}
    assert {key["secretKey"] for each in read for key in each["keyToEnv"]} == set(made)
