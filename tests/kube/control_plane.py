"""A real control plane on this machine: etcd, kube-apiserver and kube-controller-manager, as envtest finds them."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
CLIENTS = ("kubectl", "helm")
STARTING_SECONDS = 120
CONTROLLERS = (
    "deployment-controller,replicaset-controller,statefulset-controller,horizontal-pod-autoscaler-controller,"
    "namespace-controller,garbage-collector-controller,serviceaccount-controller"
)
_TOKEN = "admin-of-a-test"  # noqa: S105 - of a cluster that lives as long as a test


def program(name: str) -> str | None:
    """Where it is: in KUBEBUILDER_ASSETS, beside this Python, or on PATH."""
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    places = [each for each in (assets, str(Path(sys.executable).parent)) if each]
    return next((found for place in places if (found := shutil.which(name, path=place))), shutil.which(name))


def skip_without() -> None:
    """Skip the test where a program is missing, and say which."""
    missing = [name for name in (*PROGRAMS, *CLIENTS) if program(name) is None]
    if missing:
        pytest.skip(
            f"{', '.join(missing)} not found on PATH or in KUBEBUILDER_ASSETS: setup-envtest use 1.34.x brings etcd and "
            "kube-apiserver, the release of Kubernetes kube-controller-manager, make .venv/.helm the clients"
        )


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running one; commands speak to it as its administrator."""

    kubeconfig: Path

    def kubectl(self, *words: str, given: str = "", fails: bool = False) -> str:
        return self._run("kubectl", words, given, fails=fails)

    def helm(self, *words: str) -> str:
        return self._run("helm", words, "", fails=False)

    def _run(self, name: str, words: tuple[str, ...], given: str, *, fails: bool) -> str:
        path = program(name)
        assert path
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        done = subprocess.run(  # noqa: S603 - ours
            [path, *words], input=given, capture_output=True, text=True, check=False, env=environment, timeout=180
        )
        assert fails or done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextmanager
def running(folder: Path) -> Iterator[ControlPlane]:
    """One of its own for the tests of a module; its processes end with it."""
    client, peer, secure = (free_port() for _ in range(3))
    key = folder / "account.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)  # noqa: S603, S607
    (folder / "tokens.csv").write_text(f'{_TOKEN},admin,admin,"system:masters"\n')
    url = f"https://127.0.0.1:{secure}"
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n"
        f'clusters: [{{name: test, cluster: {{server: "{url}", insecure-skip-tls-verify: true}}}}]\n'
        f"users: [{{name: admin, user: {{token: {_TOKEN}}}}}]\n"
        "contexts: [{name: test, context: {cluster: test, user: admin}}]\n"
    )
    etcd = [
        *("--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *(f"--listen-client-urls=http://127.0.0.1:{client}", f"--advertise-client-urls=http://127.0.0.1:{client}"),
        *(f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
    ]
    server = [
        *(f"--etcd-servers=http://127.0.0.1:{client}", "--bind-address=127.0.0.1", f"--secure-port={secure}"),
        *(f"--cert-dir={folder / 'certificates'}", f"--token-auth-file={folder / 'tokens.csv'}"),
        *("--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none"),
        *("--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}"),
        *(f"--service-account-signing-key-file={key}", "--disable-admission-plugins=ServiceAccount"),
    ]
    manager = [
        *(f"--kubeconfig={kubeconfig}", f"--authentication-kubeconfig={kubeconfig}"),
        *(f"--authorization-kubeconfig={kubeconfig}", f"--service-account-private-key-file={key}"),
        *("--leader-elect=false", "--bind-address=127.0.0.1", f"--secure-port={free_port()}"),
        *(f"--controllers={CONTROLLERS}", "--horizontal-pod-autoscaler-sync-period=2s"),
    ]
    with ExitStack() as stack:
        stack.enter_context(_process("etcd", etcd, folder))
        stack.enter_context(_process("kube-apiserver", server, folder))
        _until_ready(f"{url}/readyz")
        stack.enter_context(_process("kube-controller-manager", manager, folder))
        yield ControlPlane(kubeconfig)


@contextmanager
def _process(name: str, arguments: list[str], folder: Path) -> Iterator[None]:
    path = program(name)
    assert path
    with (
        (folder / f"{name}.log").open("wb") as log,
        subprocess.Popen([path, *arguments], stdout=log, stderr=log) as one,  # noqa: S603
    ):
        try:
            yield
        finally:
            one.terminate()
            with suppress(subprocess.TimeoutExpired):
                one.wait(timeout=20)
            one.kill()


def _until_ready(url: str) -> None:
    context = ssl._create_unverified_context()  # noqa: S323 - it made its own certificate a moment ago
    end = time.monotonic() + STARTING_SECONDS
    headers = {"authorization": f"Bearer {_TOKEN}"}
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            if httpx.get(url, headers=headers, verify=context, timeout=2, trust_env=False).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("kube-apiserver is not ready; see its log")


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
