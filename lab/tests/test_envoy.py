"""The sidecars' configuration is Istio's in shape, and Envoy itself accepts it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tracetune_lab import envoy, programs
from tracetune_lab.outbound import Outbound
from tracetune_lab.plan import Ends, Instance
from tracetune_lab.topology_files import load_topology

INSTANCE = Instance("reviews", "reviews-v1-0-0-0", "1.0.0", 21001, 21002, 21003, 21004)


def ends(export: str = "otlp-http", spans_from: str = "sidecar") -> Ends:
    return Ends(spans_from, export, 21100, 21101, 21102)  # type: ignore[arg-type]


@pytest.mark.parametrize("export", ["otlp-http", "otlp-grpc", "zipkin"])
def test_envoy_accepts_the_sidecar_of_each_export(tmp_path: Path, export: str) -> None:
    config = envoy.sidecar_bootstrap(load_topology("bookinfo"), [INSTANCE], ends(export), tmp_path)
    path = tmp_path / "envoy.json"
    path.write_text(json.dumps(config))
    outbound = Outbound(load_topology("bookinfo"), tmp_path)
    outbound.add([INSTANCE])
    outbound.route_to("ratings", [INSTANCE])

    done = subprocess.run(
        [str(programs.envoy_path()), "--mode", "validate", "-c", str(path), "-l", "error"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_node_is_a_pod_as_istio_names_it() -> None:
    config = envoy.sidecar_bootstrap(load_topology("bookinfo"), [INSTANCE], ends(), Path("endpoints"))

    assert config["node"]["id"] == "sidecar~127.0.0.1~reviews-v1-0-0-0.default~default.svc.cluster.local"
    assert config["node"]["cluster"] == "reviews.default"


def test_everything_listens_on_loopback() -> None:
    config = envoy.sidecar_bootstrap(load_topology("bookinfo"), [INSTANCE], ends(), Path("endpoints"))

    listening = [each["address"]["socket_address"]["address"] for each in config["static_resources"]["listeners"]]
    assert {*listening, config["admin"]["address"]["socket_address"]["address"]} == {"127.0.0.1"}


def test_sidecar_makes_no_spans_when_only_the_sdk_does() -> None:
    config = envoy.sidecar_bootstrap(load_topology("bookinfo"), [INSTANCE], ends(spans_from="sdk"), Path("endpoints"))

    assert "tracing" not in json.dumps(config["static_resources"]["listeners"])
