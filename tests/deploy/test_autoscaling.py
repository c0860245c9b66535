"""The examples for autoscalers: KEDA's own published model, the schemas of Kubernetes, and the doors that they ask."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.deploy.test_chart import VERSIONS

from tracetune.api.external_metrics import METRICS, SERVICE_LABEL
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.sinks.scaling import Scaler, scaling

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "deploy" / "autoscaling"
MODEL = ROOT / "web" / "node_modules" / "@kubernetes-models" / "keda"

VALIDATE = """
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1";
let text = "";
for await (const piece of process.stdin) text += piece;
try { new ScaledObject(JSON.parse(text)).validate(); } catch (error) { console.log(error.message); }
"""

needs_model = pytest.mark.skipif(
    shutil.which("node") is None or not MODEL.is_dir(),
    reason="node or web/node_modules is missing: npm ci --prefix web",
)


def problem(document: dict[str, Any]) -> str:
    """What the published model of KEDA (npm @kubernetes-models/keda) has against a ScaledObject; "" for nothing."""
    command = ["node", "--input-type=module", "--eval", VALIDATE]
    done = subprocess.run(  # noqa: S603
        command, input=json.dumps(document), capture_output=True, text=True, check=True, cwd=ROOT / "web", timeout=120
    )
    return done.stdout.strip()


@needs_model
def test_keda_takes_the_example_and_what_the_advice_renders() -> None:
    advice = Advice(
        *("payments", "", Knob.REPLICAS, Action.SET, "replicas"), 2.0, 3.0, 4.0, 6.0, Confidence.HIGH, ("why",)
    )
    rendered = [each for each in scaling(advice, Scaler.KEDA) if each["kind"] == "ScaledObject"]

    for document in (_example("keda.yaml"), *rendered):
        assert problem(document) == ""


@needs_model
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda spec: spec.pop("scaleTargetRef"), "scaleTargetRef"),
        (lambda spec: spec.update(minReplicaCount="two"), "minReplicaCount"),
    ],
)
def test_keda_refuses_what_is_none(spoil: Callable[[Any], object], said: str) -> None:
    document = _example("keda.yaml")
    spoil(document["spec"])

    assert said in problem(document)


def test_examples_ask_the_doors_that_there_are() -> None:
    scaler, hpa = _example("keda.yaml"), _example("external-metric.yaml")

    trigger = scaler["spec"]["triggers"][0]["metadata"]
    metric = hpa["spec"]["metrics"][0]["external"]["metric"]
    assert set(trigger) == {"scalerAddress", "service"}
    assert trigger["scalerAddress"].endswith(":8788")
    assert metric["name"] in METRICS
    assert set(metric["selector"]["matchLabels"]) == {SERVICE_LABEL}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_supported_kubernetes_accepts_the_plain_autoscaler(version: str) -> None:
    kubernetes_validate.validate(_example("external-metric.yaml"), version, strict=True)


def _example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / name).read_text())
    return document
