"""Replicas as Kubernetes objects."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
from tests.sinks.test_manifests import REPLICAS

from tracetune.sinks.manifests import merged
from tracetune.sinks.scaling import Scaler, most_replicas, scaling

VERSIONS = ("1.30", "1.33", "1.37")

WHOLE_DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "payments"},
    "spec": {
        "selector": {"matchLabels": {"app": "payments"}},
        "template": {
            "metadata": {"labels": {"app": "payments"}},
            "spec": {"containers": [{"name": "payments", "image": "payments:1"}]},
        },
    },
}


def test_autoscaler_begins_at_the_advice_and_ends_above_its_upper_bound() -> None:
    deployment, scaler = scaling(REPLICAS, Scaler.HPA)

    notes = deployment["metadata"]["annotations"]
    assert notes["tracetune.io/replicas-lower-bound"] == "4"
    assert notes["tracetune.io/replicas-target"] == "5"
    assert notes["tracetune.io/replicas-upper-bound"] == "7"
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (5, 9)
    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payments"}


def test_deployment_alone_gets_the_number() -> None:
    (deployment,) = scaling(REPLICAS, Scaler.DEPLOYMENT)

    assert deployment["spec"] == {"replicas": 5}


def test_keda_follows_the_advised_gauge_and_falls_back_to_the_advice() -> None:
    _, scaled = scaling(REPLICAS, Scaler.KEDA)

    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["metadata"]["query"] == 'max(tracetune_replicas_advised{service="payments"})'
    assert trigger["metadata"]["threshold"] == "1"  # as many replicas as the gauge says
    assert scaled["spec"]["fallback"] == {"failureThreshold": 3, "replicas": 5}
    assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (4, most_replicas(REPLICAS))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scaler", [Scaler.HPA, Scaler.DEPLOYMENT])
def test_kubernetes_accepts_the_patched_objects(version: str, scaler: Scaler) -> None:
    deployment, *others = scaling(REPLICAS, scaler)

    for document in (merged(WHOLE_DEPLOYMENT, deployment), *others):
        kubernetes_validate.validate(document, version, strict=True)
