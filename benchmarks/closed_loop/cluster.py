"""A Kubernetes API in this process: kmock's emulator, stateful, on a port of this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import httpx


@contextmanager
def emulator() -> Iterator[httpx.Client]:
    """A client of an empty cluster."""
    kmock: Any = import_module("kmock")  # its types know less than it does
    started = threading.Event()
    box: dict[str, Any] = {}

    async def serve() -> None:
        async with kmock.KubernetesEmulator() as kubernetes, kmock.Server(kubernetes) as server:
            box.update(url=str(server.url), stop=asyncio.Event(), loop=asyncio.get_running_loop())
            started.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not started.wait(60):
        raise RuntimeError("the emulator did not start")
    try:
        with httpx.Client(base_url=box["url"], timeout=60, trust_env=False) as client:
            yield client
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(60)
