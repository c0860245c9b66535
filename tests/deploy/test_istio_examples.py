"""The examples that send a mesh's spans to the chart's server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLES = {"otlp.yaml": ("opentelemetry", 4318), "zipkin.yaml": ("zipkin", 9411)}


def _documents(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    operator, telemetry = yaml.safe_load_all((DEPLOY / "istio" / name).read_text())
    return operator, telemetry


@pytest.mark.parametrize("name", EXAMPLES)
def test_telemetry_names_the_provider_that_the_mesh_defines(name: str) -> None:
    operator, telemetry = _documents(name)

    (provider,) = operator["spec"]["meshConfig"]["extensionProviders"]
    assert telemetry["spec"]["tracing"][0]["providers"] == [{"name": provider["name"]}]


@pytest.mark.parametrize(("name", "sends"), EXAMPLES.items())
def test_provider_sends_to_a_port_that_the_charts_service_has(name: str, sends: tuple[str, int]) -> None:
    kind, port = sends
    operator, _ = _documents(name)

    (provider,) = operator["spec"]["meshConfig"]["extensionProviders"]
    assert provider[kind]["port"] == port
    service = (DEPLOY / "helm" / "tracetune" / "templates" / "service.yaml").read_text()
    assert f"port: {port}," in service
