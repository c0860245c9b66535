"""Replicas as Kubernetes objects."""

from __future__ import annotations

import dataclasses
from typing import Any

import kubernetes_validate
import pytest
from tests.sinks.test_manifests import REPLICAS

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.sinks.manifests import manifests, merged, patch
from tracetune.sinks.scaling import Scaler, most_replicas, resources, scaling

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


_CPU = Advice("pay", "", Knob.CPU, Action.SET, "cores", 0.1, 0.2, 0.575, 0.9, Confidence.HIGH, ("ask for more",))


def test_requests_are_annotations_of_the_deployment_as_quantities() -> None:
    (cpu,) = resources(_CPU)
    (memory,) = resources(
        dataclasses.replace(_CPU, knob=Knob.MEMORY, unit="MiB", lower=200.0, target=287.2, upper=300.0)
    )

    assert cpu["metadata"]["annotations"] == {
        "tracetune.io/cpu-request-lower-bound": "200m",
        "tracetune.io/cpu-request-target": "575m",
        "tracetune.io/cpu-request-upper-bound": "900m",
        "tracetune.io/cpu-confidence": "high",
    }
    assert memory["metadata"]["annotations"]["tracetune.io/memory-request-target"] == "288Mi"


def test_a_limit_to_raise_is_named_as_a_limit_and_so_is_the_command() -> None:
    limited = dataclasses.replace(_CPU, details=(("limit", 0.575),))

    (document,) = resources(limited)

    assert "tracetune.io/cpu-limit-target" in document["metadata"]["annotations"]
    assert "kubectl set resources deployment/pay -c CONTAINER --limits=cpu=575m" in patch(limited)


def test_replicas_and_requests_share_one_deployment() -> None:
    (deployment, *_) = manifests([dataclasses.replace(REPLICAS, target_service="pay"), _CPU], Scaler.DEPLOYMENT)

    assert deployment.document["spec"] == {"replicas": 5}
    assert deployment.document["metadata"]["annotations"]["tracetune.io/cpu-request-target"] == "575m"
