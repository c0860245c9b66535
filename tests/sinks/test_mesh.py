"""Advice on connections as Istio objects."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sinks.test_manifests import REPLICAS, TIMEOUT

from tracetune.domain.advice import Advice, Knob
from tracetune.sinks.mesh import RETRY_ON, mesh

# The fields of Istio's reference pages that we use, written down once: an object with any other name in it is refused.
PUBLISHED: dict[str, Any] = {
    "VirtualService": {
        "hosts": [],
        "http": [
            {
                "match": [{"sourceLabels": {"*": ""}, "method": {"exact": ""}}],
                "route": [{"destination": {"host": ""}}],
                "timeout": "",
                "retries": {"attempts": 0, "perTryTimeout": "", "retryOn": ""},
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
TRIES = replace(RETRIES, target=2.0, details=(("perTryTimeout", 0.41), ("timeout", 1.3)))
LIMIT = replace(
    REPLICAS,
    knob=Knob.CONCURRENCY_LIMIT,
    details=(
        ("max_concurrency_limit", 12.0),
        ("min_concurrency", 4.0),
        ("sample_aggregate_percentile", 90.0),
        ("buffer", 41.0),
        ("request_count", 50.0),
        ("interval", 60.0),
    ),
)


def _fits(value: Any, published: Any) -> bool:
    if isinstance(published, dict):
        known = all("*" in published or key in published for key in value)
        return known and all(_fits(child, published.get(key, published.get("*"))) for key, child in value.items())
    if isinstance(published, list):
        return isinstance(value, list) and all(_fits(each, published[0]) for each in value if published)
    if isinstance(published, str):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.mark.parametrize("advice", [TIMEOUT, RETRIES, TRIES, POOL, OUTLIER, BUDGET, SAMPLING])
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


def test_calls_are_tried_again_only_where_the_method_promises_that_they_may_be() -> None:
    (route,) = mesh(TRIES)

    own, rest = route["spec"]["http"]
    assert own["match"] == [{"sourceLabels": {"app": "payments"}, "method": {"exact": "GET"}}]
    assert own["timeout"] == "1300ms"
    assert own["retries"] == {"attempts": 2, "perTryTimeout": "410ms", "retryOn": RETRY_ON}
    assert "retries" not in rest


def test_envoy_itself_accepts_the_adaptive_limit(tmp_path: Path) -> None:
    programs = pytest.importorskip("tracetune_lab.programs")
    (found,) = mesh(LIMIT)
    (change,) = found["spec"]["configPatches"]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "inbound",
        "route_config": {"virtual_hosts": []},
        "http_filters": [
            change["patch"]["value"],
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            },
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    listener = {
        "name": "inbound",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [chain],
    }
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))

    asked = [programs.envoy_path(), "--mode", "validate", "--config-path", str(config)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - the lab's own Envoy

    assert said.returncode == 0, said.stderr
    assert "OK" in said.stdout


def test_knobs_of_other_places_have_no_object_in_the_mesh() -> None:
    assert list(mesh(REPLICAS)) == []
