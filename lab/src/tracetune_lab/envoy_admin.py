"""Talks to Envoy's admin port: readiness, counters and runtime values."""

from __future__ import annotations

import asyncio

import aiohttp

from tracetune_lab.errors import ProcessDiedError

READY_SECONDS = 30.0


async def wait_ready(client: aiohttp.ClientSession, port: int) -> None:
    """Wait until Envoy says LIVE.

    Raises:
        ProcessDiedError: it did not within 30 s.
    """
    await wait_http(client, f"http://127.0.0.1:{port}/ready")


async def wait_http(client: aiohttp.ClientSession, url: str, *, statuses: tuple[int, ...] = (200,)) -> None:
    """Ask a URL every 50 ms until it answers with one of the statuses."""
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        try:
            async with client.get(url) as answer:
                if answer.status in statuses:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.05)
    raise ProcessDiedError(f"{url} was not ready within {READY_SECONDS:.0f} s; read the logs of the run")


async def stats(client: aiohttp.ClientSession, port: int, pattern: str) -> dict[str, int]:
    """Envoy's counters and gauges whose names match a regular expression."""
    url = f"http://127.0.0.1:{port}/stats"
    async with client.get(url, params={"filter": pattern}) as answer:
        text = await answer.text()
    pairs = (line.rsplit(": ", 1) for line in text.splitlines() if ": " in line)
    return {name: int(value) for name, value in pairs if value.lstrip("-").isdigit()}


async def set_runtime(client: aiohttp.ClientSession, port: int, values: dict[str, str]) -> None:
    """Change runtime values; an empty string takes a change back."""
    async with client.post(f"http://127.0.0.1:{port}/runtime_modify", params=values) as answer:
        answer.raise_for_status()
