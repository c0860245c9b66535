"""Manifests as changes of a lab: what is read, what is said to be ignored, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune_lab.errors import InvalidManifestError
from tracetune_lab.manifests import Changes, read_manifests
from tracetune_lab.policies import ANY, Policy, policy_of
from tracetune_lab.topology_files import load_topology

SCALING = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: payment}
spec: {replicas: 3}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: recommendation}
spec:
  scaleTargetRef: {kind: Deployment, name: recommendation}
  minReplicas: 2
  maxReplicas: 5
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway}
spec: {replicas: 2}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: sampling}
"""

MESH = """
kind: VirtualService
metadata: {name: pricing}
spec:
  hosts: [pricing]
  http:
    - match: [{sourceLabels: {app: catalog}}]
      route: [{destination: {host: pricing.default.svc.cluster.local}}]
      timeout: 1m0.5s
      retries: {attempts: 0}
    - route: [{destination: {host: pricing}}]
---
kind: DestinationRule
metadata: {name: pricing}
spec:
  host: pricing
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 12, http1MaxPendingRequests: 4}, tcp: {maxConnections: 7}}
    outlierDetection: {consecutive5xxErrors: 5, baseEjectionTime: 30s, maxEjectionPercent: 50}
    retryBudget: {percent: 20, minRetryConcurrency: 1}
"""


def changes_of(text: str, folder: Path) -> Changes:
    path = folder / "advice.yaml"
    path.write_text(text)
    return read_manifests(path, load_topology("shop"))


def test_replicas_are_those_of_a_deployment_or_the_floor_of_its_scaler(tmp_path: Path) -> None:
    changes = changes_of(SCALING, tmp_path)

    assert changes.replicas == {"payment": 3, "recommendation": 2}


def test_what_nothing_in_the_lab_can_follow_is_said(tmp_path: Path) -> None:
    changes = changes_of(SCALING, tmp_path)

    assert changes.ignored == [
        "istio-ingressgateway: shop has no such service (nor a second gateway)",
        "Telemetry sampling: the lab has nothing that follows it",
    ]


def test_timeouts_and_retries_are_for_the_caller_that_the_route_matches(tmp_path: Path) -> None:
    changes = changes_of(MESH, tmp_path)

    assert changes.policies["catalog", "pricing"] == Policy(timeout_seconds=60.5, attempts=0)
    assert policy_of(changes.policies, "catalog", "pricing").timeout_seconds == 60.5
    assert policy_of(changes.policies, "frontend", "pricing").timeout_seconds is None


def test_tries_are_for_the_method_that_the_route_matches(tmp_path: Path) -> None:
    text = MESH.replace("{sourceLabels: {app: catalog}}", "{sourceLabels: {app: catalog}, method: {exact: GET}}")

    policy = changes_of(text, tmp_path).policies["catalog", "pricing"]

    assert policy == Policy(timeout_seconds=60.5, attempts=0, retry_method="GET")


def test_limits_budgets_and_outlier_detection_are_for_all_callers(tmp_path: Path) -> None:
    policy = changes_of(MESH, tmp_path).policies[ANY, "pricing"]

    assert (policy.max_connections, policy.max_requests, policy.max_pending_requests) == (7, 12, 4)
    assert (policy.retry_budget_percent, policy.min_retry_concurrency) == (20, 1)
    assert (policy.consecutive_5xx, policy.base_ejection_seconds, policy.max_ejection_percent) == (5, 30, 50)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "advice.yaml"),
        ("just: words", "has no kind"),
        (MESH.replace("1m0.5s", "soon"), "'soon' is no duration"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidManifestError, match=told):
        changes_of(text, tmp_path)


def test_changes_are_told_one_a_line(tmp_path: Path) -> None:
    told = changes_of(MESH, tmp_path).text()

    assert "catalog to pricing: timeout_seconds 60.5, attempts 0" in told
    assert changes_of("", tmp_path).text() == "nothing to change"
