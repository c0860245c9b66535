"""The commands that look at the cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run, failure
from tests.sources.cluster import running_cluster

from tracetune.errors import InvalidSettings

pytest.importorskip("kmock", reason="kmock is not installed: make .venv/.full")
pytest.importorskip("lightkube", reason="lightkube is not installed: make .venv/.full")

DEPLOYMENT = {
    "metadata": {"name": "payments-v1", "namespace": "shop"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "payments"}},
        "template": {"metadata": {"labels": {"app": "payments"}}, "spec": {"containers": [{"name": "c"}]}},
    },
}


def test_workloads_stand_beside_the_services_of_the_traces(run: Run, few_traces: Path, tmp_path: Path) -> None:
    with running_cluster() as cluster:
        cluster.create("apis/apps/v1/namespaces/shop/deployments", DEPLOYMENT)
        file = cluster.kubeconfig(tmp_path)

        listed = run("workloads", "--kubeconfig", file, "-n", "shop").stdout
        joined = run("workloads", few_traces, "--kubeconfig", file, "--json", "--quiet")

    assert "payments-v1" in listed
    (found,) = json.loads(joined.stdout)
    assert (found["name"], found["replicas"], found["traced_as"]) == ("payments-v1", 2, ["payments"])


def test_cluster_that_is_not_there_is_one_clear_sentence(run: Run, tmp_path: Path) -> None:
    error = failure(run("workloads", "--kubeconfig", tmp_path / "nothing"))

    assert isinstance(error, InvalidSettings)
    assert "no usable cluster" in error.message
