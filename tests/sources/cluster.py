"""A Kubernetes API for tests: kmock's emulator on a loopback port, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

Object = dict[str, Any]

RESOURCES = ("v1/pods", "apps/v1/deployments", "apps/v1/statefulsets", "autoscaling/v2/horizontalpodautoscalers")
"""What a cluster lists even where there is none; of others it answers 404."""


class Cluster:
    """A running API server; objects are put in by their plain HTTP requests."""

    def __init__(self, url: str) -> None:
        self.url = url

    def create(self, path: str, document: Object) -> None:
        httpx.post(f"{self.url}/{path}", json=document, timeout=10, trust_env=False).raise_for_status()

    def kubeconfig(self, folder: Path) -> str:
        """A kubeconfig file that leads here."""
        file = folder / "kubeconfig"
        file.write_text(
            f"""apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "{self.url}"}}}}]
users: [{{name: test, user: {{token: secret}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
"""
        )
        return str(file)


@contextmanager
def running_cluster(*answers: tuple[str, int], lacks: str = "") -> Iterator[Cluster]:
    """A cluster without objects; ``answers`` are (path, status) of what it refuses, ``lacks`` one of RESOURCES."""
    kmock: Any = import_module("kmock")  # its types know less than it does

    started = threading.Event()
    box: dict[str, Any] = {}

    async def serve() -> None:
        async with kmock.KubernetesEmulator() as emulator, kmock.Server(emulator) as server:
            for path, status in answers:
                emulator[kmock.path(path)] << status << {"kind": "Status", "code": status, "reason": "Forbidden"}
            for resource in set(RESOURCES) - {lacks}:
                emulator.resources[resource] = {}
            box["url"], box["stop"], box["loop"] = (
                str(server.url).rstrip("/"),
                asyncio.Event(),
                asyncio.get_running_loop(),
            )
            started.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(20), "the emulator did not start"
    try:
        yield Cluster(box["url"])
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(20)
