"""The plain manifests: rendered from the chart, built by kustomize (kubectl), accepted by every supported Kubernetes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.deploy.api_server import running_api
from tests.deploy.helm import found, needs_helm
from tests.deploy.test_chart import VERSIONS

ROOT = Path(__file__).parents[2]
KUSTOMIZE = ROOT / "deploy" / "kustomize"
KUBECTL = found("kubectl")


def built(folder: Path) -> list[dict[str, Any]]:
    assert KUBECTL
    command = [KUBECTL, "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@needs_helm
def test_manifests_are_what_the_chart_renders(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "manifests.py"), str(tmp_path / "base")]
    subprocess.run(script, check=True, timeout=120)  # noqa: S603 - ours

    made, kept = (
        {path.name: path.read_text() for path in each.iterdir()} for each in (tmp_path / "base", KUSTOMIZE / "base")
    )
    assert kept == made, "run: make manifests"


@pytest.mark.parametrize("folder", ["base", "overlays/example"])
@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: make .venv/.helm")
def test_every_supported_kubernetes_accepts_what_kustomize_builds(folder: str) -> None:
    documents = built(KUSTOMIZE / folder)

    assert {each["metadata"].get("namespace", "") for each in documents} <= {"observability", ""}
    for version in VERSIONS:
        for document in documents:
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: make .venv/.helm")
def test_example_brings_its_own_tokens_and_image() -> None:
    documents = built(KUSTOMIZE / "overlays" / "example")
    (secret,) = (each for each in documents if each["kind"] == "Secret")
    (server,) = (each for each in documents if each["kind"] == "StatefulSet")
    (container,) = server["spec"]["template"]["spec"]["containers"]

    asked = {each["valueFrom"]["secretKeyRef"]["name"] for each in container["env"] if "valueFrom" in each}
    assert asked == {secret["metadata"]["name"]}
    assert container["image"].startswith("registry.example.com/")


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: make .venv/.helm")
def test_guide_applies_the_example_to_a_cluster_and_again_without_a_change(tmp_path: Path) -> None:
    pytest.importorskip("kmock", reason="kmock is not installed: make .venv/.full")
    assert KUBECTL
    guide = (ROOT / "docs" / "kubernetes.md").read_text()
    create, apply = re.findall(r"^`(kubectl create namespace \S+) && (kubectl apply -k \S+)`", guide, re.MULTILINE)[0]
    with running_api(KUBECTL, tmp_path) as (api, config):
        said = []
        for line in (create, apply, apply):
            command = [KUBECTL, *shlex.split(line)[1:], "--kubeconfig", str(config)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - the guide's
            assert done.returncode == 0, done.stderr
            said.append(done.stdout.splitlines())

    once, again = ({line.split()[0] for line in each if line.endswith("created")} for each in said[1:])
    assert {"statefulset.apps/tracetune", "secret/tracetune-tokens", "deployment.apps/tracetune-ingest"} <= once
    assert not again
    assert ("apps", "statefulsets", "observability", "tracetune") in api.objects


def test_no_secret_lies_in_the_repository() -> None:
    kinds = {yaml.safe_load(path.read_text())["kind"] for path in (KUSTOMIZE / "base").glob("*.yaml")}

    assert "Secret" not in kinds
    assert {"StatefulSet", "Deployment", "Service", "NetworkPolicy"} <= kinds
