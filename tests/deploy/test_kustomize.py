"""The plain manifests: rendered from the chart, built by kustomize (kubectl), accepted by every supported Kubernetes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.deploy.helm import needs_helm
from tests.deploy.test_chart import VERSIONS

ROOT = Path(__file__).parents[2]
KUSTOMIZE = ROOT / "deploy" / "kustomize"
KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")


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


def test_no_secret_lies_in_the_repository() -> None:
    kinds = {yaml.safe_load(path.read_text())["kind"] for path in (KUSTOMIZE / "base").glob("*.yaml")}

    assert "Secret" not in kinds
    assert {"StatefulSet", "Deployment", "Service", "NetworkPolicy"} <= kinds
