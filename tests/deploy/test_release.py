"""Helm 3 and 4 install, upgrade, roll back and uninstall by the very commands of docs/kubernetes.md."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.api_server import ApiServer, running_api
from tests.deploy.helm import found, with_each_helm

pytest.importorskip("kmock", reason="kmock is not installed: make .venv/.full")

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "kubernetes.md").read_text()
KUBECTL = found("kubectl")
NAMESPACE = ("", "namespaces", "", "observability")
CLAIM = ("", "persistentvolumeclaims", "observability", "data-tracetune-0")
TOKENS = ("", "secrets", "observability", "tracetune-tokens")
SERVER = ("apps", "statefulsets", "observability", "tracetune")

pytestmark = [
    with_each_helm,
    pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: make .venv/.helm"),
]


def _commands(heading: str) -> list[str]:
    """The commands of the first shell block below a heading of the guide, one a line."""
    block = re.search(rf"^## {heading}.*?```sh\n(.*?)```", GUIDE, re.DOTALL | re.MULTILINE)
    assert block, heading
    return block[1].replace("\\\n", " ").splitlines()


INSTALL = _commands("Minute 3: install")
UPGRADE, ROLLBACK, UNINSTALL, DELETE_CLAIM = _commands("Upgrade and uninstall")


@dataclass
class Cluster:
    """A copy of the repository's chart in a folder, and a cluster that commands given there speak to."""

    api: ApiServer
    folder: Path
    environment: dict[str, str]

    def run(self, *lines: str) -> str:
        done = [
            subprocess.run(  # noqa: S603 - words of the guide
                shlex.split(line, comments=True),
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            for line in lines
        ]
        assert not any(each.returncode for each in done), [each.stderr for each in done]
        return done[-1].stdout

    def tokens(self) -> dict[str, str]:
        data: dict[str, str] = self.api.objects[TOKENS]["data"]
        return dict(data)

    def container(self) -> dict[str, Any]:
        (container,) = self.api.objects[SERVER]["spec"]["template"]["spec"]["containers"]
        return dict(container)

    def newer_chart(self) -> None:
        file = self.folder / "deploy" / "helm" / "tracetune" / "Chart.yaml"
        file.write_text(re.sub(r"ersion: 0\.1\.0", "ersion: 0.2.0", file.read_text()))


@pytest.fixture
def cluster(program: str, tmp_path: Path) -> Iterator[Cluster]:
    assert KUBECTL
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, path in (("helm", found(program)), ("kubectl", KUBECTL)):
        (programs / name).symlink_to(str(path))
    with running_api(KUBECTL, tmp_path) as (api, config):
        path = f"{programs}{os.pathsep}{os.defpath}"
        yield Cluster(api, tmp_path, {"PATH": path, "HOME": str(tmp_path), "KUBECONFIG": str(config)})


@pytest.fixture
def installed(cluster: Cluster) -> Cluster:
    said = cluster.run(*INSTALL)
    assert "rolling update complete 1 pods" in said
    return cluster


def test_upgrade_takes_the_new_version_and_keeps_tokens_and_values(installed: Cluster) -> None:
    tokens = installed.tokens()
    installed.newer_chart()

    installed.run(UPGRADE)

    variables = {each["name"]: each.get("value") for each in installed.container()["env"]}
    assert installed.container()["image"].endswith(":0.2.0")
    assert variables["TRACETUNE_ALERTS_ALERTMANAGER_URL"] == "http://alertmanager.monitoring.svc:9093"
    assert ("apps", "deployments", "observability", "tracetune-ingest") in installed.api.objects
    assert len(tokens) == 3
    assert installed.tokens() == tokens


def test_rollback_returns_to_the_version_before_with_the_same_tokens(installed: Cluster) -> None:
    tokens = installed.tokens()
    installed.newer_chart()

    installed.run(UPGRADE, ROLLBACK)

    assert installed.container()["image"].endswith(":0.1.0")
    assert installed.tokens() == tokens


def test_upgrade_with_another_door_turned_on_and_off_again_leaves_no_trace(installed: Cluster) -> None:
    before = installed.container()

    installed.run(f"{UPGRADE} --set keda.enabled=true")
    ports = [each["containerPort"] for each in installed.container()["ports"]]
    installed.run(f"{UPGRADE} --set keda.enabled=false")

    assert 8788 in ports
    assert installed.container() == before


def test_what_stays_after_uninstalling_is_the_volume_and_the_next_installation_takes_it_with_tokens_of_its_own(
    installed: Cluster,
) -> None:
    tokens, volume = installed.tokens(), installed.api.objects[CLAIM]

    installed.run(UNINSTALL)
    assert set(installed.api.objects) == {NAMESPACE, CLAIM}
    installed.run(*INSTALL)

    assert installed.api.objects[CLAIM] == volume
    assert not set(tokens.values()) & set(installed.tokens().values())
    installed.run(UNINSTALL, DELETE_CLAIM)
    assert set(installed.api.objects) == {NAMESPACE}


def test_notes_tell_how_to_read_the_tokens(installed: Cluster) -> None:
    (line,) = re.findall(
        r"^  (kubectl .*ingest-token.*) \| base64 -d$",
        installed.run("helm get notes tracetune -n observability"),
        re.MULTILINE,
    )

    assert installed.run(line) == installed.tokens()["ingest-token"]
