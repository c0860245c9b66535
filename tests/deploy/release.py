"""A cluster (emulated) in which the commands of docs/kubernetes.md are run, with either Helm."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.api_server import ApiServer, running_api
from tests.deploy.helm import found

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "kubernetes.md").read_text()
KUBECTL = found("kubectl")
TOKENS = ("", "secrets", "observability", "tracetune-tokens")
SERVER = ("apps", "statefulsets", "observability", "tracetune")


def commands(heading: str) -> list[str]:
    """The commands of the first shell block below a heading of the guide, one a line."""
    block = re.search(rf"^## {heading}.*?```sh\n(.*?)```", GUIDE, re.DOTALL | re.MULTILINE)
    assert block, heading
    return block[1].replace("\\\n", " ").splitlines()


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


@contextmanager
def open_cluster(program: str, folder: Path) -> Iterator[Cluster]:
    """An empty one, spoken to by kubectl and by the Helm that is called ``program``."""
    assert KUBECTL
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    programs = folder / "bin"
    programs.mkdir()
    for name, path in (("helm", found(program)), ("kubectl", KUBECTL)):
        (programs / name).symlink_to(str(path))
    with running_api(KUBECTL, folder) as (api, config):
        path = f"{programs}{os.pathsep}{os.defpath}"
        yield Cluster(api, folder, {"PATH": path, "HOME": str(folder), "KUBECONFIG": str(config)})
