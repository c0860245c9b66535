"""Renders the chart into plain manifests for kustomize:  python scripts/manifests.py [FOLDER]."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "helm" / "tracetune"
BASE = ROOT / "deploy" / "kustomize" / "base"
NAMESPACE = "observability"

# The tokens are made by whoever installs: a secret in a repository is none.
VALUES = ("auth.existingSecret=tracetune-tokens", "ingest.enabled=true")
OF_HELM = ("helm.sh/chart", "app.kubernetes.io/managed-by")

HEADER = "# Rendered from deploy/helm/tracetune by scripts/manifests.py; change it by an overlay.\n"


def render(folder: Path) -> None:
    """One file an object, and a kustomization that names them all."""
    helm = shutil.which("helm", path=str(Path(sys.executable).parent)) or shutil.which("helm")
    if helm is None:
        raise SystemExit("helm is not installed: make .venv/.helm")
    sets = [word for value in VALUES for word in ("--set", value)]
    command = [helm, "template", "tracetune", str(CHART), "--namespace", NAMESPACE, *sets]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own words
    documents = [_plain(document) for document in yaml.safe_load_all(done.stdout) if document]
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob("*.yaml"):
        left_over.unlink()
    names = []
    for document in documents:
        name = f"{document['metadata']['name'].removeprefix(NAMESPACE + '-')}-{document['kind'].lower()}.yaml"
        names.append(name)
        (folder / name).write_text(HEADER + _text(document), "utf-8")
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "resources": sorted(names),
    }
    (folder / "kustomization.yaml").write_text(HEADER + _text(kustomization), "utf-8")


def _plain(document: Any) -> Any:  # noqa: ANN401 - parsed YAML
    """Without the labels that say Helm owns it."""
    if isinstance(document, dict):
        return {key: _plain(value) for key, value in document.items() if key not in OF_HELM}
    return [_plain(each) for each in document] if isinstance(document, list) else document


def _text(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
    return text


if __name__ == "__main__":
    render(Path(sys.argv[1]) if len(sys.argv) > 1 else BASE)
