"""The files that running Envoys watch: replaced whole, with the policies of the caller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracetune_lab import envoy_resources
from tracetune_lab.outbound import Outbound
from tracetune_lab.plan import Instance
from tracetune_lab.policies import ANY, Policies, Policy
from tracetune_lab.topology_files import load_topology

INSTANCE = Instance("reviews", "reviews-v1-0-0-0", "1.0.0", 21001, 21002, 21003, 21004)


def written(folder: Path, policies: Policies) -> tuple[dict[str, Any], dict[str, Any]]:
    """The route to ratings and its cluster, as reviews has them."""
    outbound = Outbound(load_topology("bookinfo"), folder)
    outbound.add([INSTANCE])
    outbound.apply(policies)
    (routes,) = json.loads((folder / "reviews-v1-0-0-0.routes.json").read_text())["resources"]
    (cluster,) = json.loads((folder / "reviews-v1-0-0-0.clusters.json").read_text())["resources"]
    return routes["virtual_hosts"][0]["routes"][0]["route"], cluster


def test_endpoints_change_atomically(tmp_path: Path) -> None:
    envoy_resources.write_endpoints(tmp_path, "reviews", [INSTANCE])

    (resource,) = json.loads((tmp_path / "reviews.endpoints.json").read_text())["resources"]
    assert resource["cluster_name"] == "outbound|9080||reviews.default.svc.cluster.local"
    assert [path.name for path in tmp_path.iterdir()] == ["reviews.endpoints.json"]


def test_without_policies_there_is_no_timeout_and_only_what_never_arrived_is_tried_again(tmp_path: Path) -> None:
    route, cluster = written(tmp_path, {})

    assert route["timeout"] == "0.000s"
    assert route["retry_policy"] == {
        "retry_on": "connect-failure,refused-stream",
        "num_retries": 2,
        **envoy_resources.ELSEWHERE,
    }
    assert not {"circuit_breakers", "outlier_detection"} & set(cluster)


def test_timeouts_and_retries_of_the_caller_come_before_those_of_all(tmp_path: Path) -> None:
    general = Policy(timeout_seconds=2, attempts=3, retry_on="5xx,429")
    own = Policy(timeout_seconds=0.25, per_try_timeout_seconds=0.1)

    route, _ = written(tmp_path, {(ANY, "ratings"): general, ("reviews", "ratings"): own})

    assert route["timeout"] == "0.250s"
    assert route["retry_policy"] == {
        "retry_on": "5xx,retriable-status-codes",
        "num_retries": 3,
        **envoy_resources.ELSEWHERE,
        "retriable_status_codes": [429],
        "per_try_timeout": "0.100s",
    }


def test_no_attempts_switch_retries_off(tmp_path: Path) -> None:
    route, _ = written(tmp_path, {(ANY, "ratings"): Policy(attempts=0)})

    assert "retry_policy" not in route


def test_limits_and_outlier_detection_are_the_clusters(tmp_path: Path) -> None:
    policy = Policy(max_requests=20, retry_budget_percent=20, consecutive_5xx=5, max_ejection_percent=50)

    _, cluster = written(tmp_path, {("reviews", "ratings"): policy})

    (limits,) = cluster["circuit_breakers"]["thresholds"]
    assert limits["max_requests"] == 20
    assert limits["retry_budget"]["budget_percent"] == {"value": 20}
    assert cluster["outlier_detection"]["consecutive_5xx"] == 5
    assert cluster["outlier_detection"]["max_ejection_percent"] == 50


def test_outlier_detection_that_is_said_in_part_has_istio_s_defaults_for_the_rest(tmp_path: Path) -> None:
    _, cluster = written(tmp_path, {("reviews", "ratings"): Policy(base_ejection_seconds=180)})

    assert cluster["outlier_detection"]["consecutive_5xx"] == 5
    assert cluster["outlier_detection"]["base_ejection_time"] == "180s"


def test_calls_of_another_method_keep_the_default_retries(tmp_path: Path) -> None:
    route, _ = written(tmp_path, {("reviews", "ratings"): Policy(attempts=1, retry_on="5xx", retry_method="POST")})

    assert route["retry_policy"]["retry_on"] != "5xx"
