"""Helm 3 and 4 install, upgrade, roll back and uninstall by the very commands of docs/kubernetes.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.deploy.helm import with_each_helm
from tests.deploy.release import KUBECTL, Cluster, commands, open_cluster

pytest.importorskip("kmock", reason="kmock is not installed: make .venv/.full")

NAMESPACE = ("", "namespaces", "", "observability")
CLAIM = ("", "persistentvolumeclaims", "observability", "data-tracetune-0")

pytestmark = [
    with_each_helm,
    pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed: make .venv/.helm"),
]


INSTALL = commands("Minute 3: install")
UPGRADE, ROLLBACK, UNINSTALL, DELETE_CLAIM = commands("Upgrade and uninstall")


@pytest.fixture
def cluster(program: str, tmp_path: Path) -> Iterator[Cluster]:
    with open_cluster(program, tmp_path) as opened:
        yield opened


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
