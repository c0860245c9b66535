"""Advice on connections as Istio objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.sinks.test_manifests import REPLICAS, TIMEOUT

from tracetune.domain.advice import Advice, Knob
from tracetune.sinks.mesh import mesh

# The fields of Istio's reference pages that we use, written down once: an object with any other name in it is refused.
PUBLISHED: dict[str, Any] = {
    "VirtualService": {
        "hosts": [],
        "http": [
            {
                "match": [{"sourceLabels": {"*": ""}}],
                "route": [{"destination": {"host": ""}}],
                "timeout": "",
                "retries": {"attempts": 0},
            }
        ],
    },
    "DestinationRule": {
        "host": "",
        "workloadSelector": {"matchLabels": {"*": ""}},
        "trafficPolicy": {
            "connectionPool": {
                "tcp": {"maxConnections": 0},
                "http": {"http1MaxPendingRequests": 0, "http2MaxRequests": 0},
            },
            "outlierDetection": {
                "consecutive5xxErrors": 0,
                "consecutiveGatewayErrors": 0,
                "baseEjectionTime": "",
                "maxEjectionPercent": 0,
            },
            "retryBudget": {"percent": 0, "minRetryConcurrency": 0},
        },
    },
    "Telemetry": {"tracing": [{"randomSamplingPercentage": 0}]},
}

POOL = replace(
    TIMEOUT,
    knob=Knob.CONNECTION_POOL,
    unit="connections",
    details=(("maxConnections", 14.0), ("http2MaxRequests", 14.0), ("http1MaxPendingRequests", 6.0)),
)
OUTLIER = replace(
    REPLICAS,
    knob=Knob.OUTLIER_DETECTION,
    details=(("consecutive5xxErrors", 5.0), ("baseEjectionTime", 45.0), ("maxEjectionPercent", 34.0)),
)
BUDGET = replace(REPLICAS, knob=Knob.RETRY_BUDGET, details=(("percent", 12.5), ("minRetryConcurrency", 3.0)))
SAMPLING = replace(
    REPLICAS, target_service="23 operations", knob=Knob.SAMPLING, details=(("randomSamplingPercentage", 12.0),)
)
RETRIES = replace(TIMEOUT, knob=Knob.RETRIES, target=0.0)


def _fits(value: Any, published: Any) -> bool:
    if isinstance(published, dict):
        known = all("*" in published or key in published for key in value)
        return known and all(_fits(child, published.get(key, published.get("*"))) for key, child in value.items())
    if isinstance(published, list):
        return isinstance(value, list) and all(_fits(each, published[0]) for each in value if published)
    if isinstance(published, str):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.mark.parametrize("advice", [TIMEOUT, RETRIES, POOL, OUTLIER, BUDGET, SAMPLING])
def test_every_object_has_only_fields_that_istio_publishes(advice: Advice) -> None:
    (document,) = mesh(advice)

    assert _fits(document["spec"], PUBLISHED[document["kind"]]), document["spec"]


def test_check_of_fields_finds_a_wrong_name_and_a_wrong_type() -> None:
    assert not _fits({"hosts": [], "htpp": []}, PUBLISHED["VirtualService"])
    assert not _fits({"trafficPolicy": {"retryBudget": {"percent": "12"}}}, PUBLISHED["DestinationRule"])


def test_pool_becomes_a_rule_of_the_clients_pods() -> None:
    (rule,) = mesh(POOL)

    assert (rule["metadata"]["name"], rule["spec"]["host"]) == ("bank-from-payments", "bank")
    assert rule["spec"]["workloadSelector"] == {"matchLabels": {"app": "payments"}}
    assert rule["spec"]["trafficPolicy"]["connectionPool"] == {
        "tcp": {"maxConnections": 14},
        "http": {"http2MaxRequests": 14, "http1MaxPendingRequests": 6},
    }


def test_outliers_and_budgets_become_rules_of_the_service() -> None:
    (outlier,), (budget,) = mesh(OUTLIER), mesh(BUDGET)

    assert outlier["spec"]["trafficPolicy"]["outlierDetection"] == {
        "consecutive5xxErrors": 5,
        "baseEjectionTime": "45s",
        "maxEjectionPercent": 34,
    }
    assert budget["spec"]["trafficPolicy"]["retryBudget"] == {"percent": 12.5, "minRetryConcurrency": 3}
    assert outlier["metadata"] == budget["metadata"] == {"name": "payments"}


def test_sampling_is_set_for_the_whole_mesh() -> None:
    (telemetry,) = mesh(SAMPLING)

    assert telemetry["metadata"]["namespace"] == "istio-system"
    assert telemetry["spec"] == {"tracing": [{"randomSamplingPercentage": 12}]}


def test_knobs_of_other_places_have_no_object_in_the_mesh() -> None:
    assert list(mesh(REPLICAS)) == []
