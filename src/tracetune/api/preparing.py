"""Works out what every page asks first, before a new snapshot is shown: requests then find it ready."""

from __future__ import annotations

import asyncio
import contextlib

from tracetune import log
from tracetune.api import overview, services
from tracetune.api.snapshots import Shown, Snapshots
from tracetune.api.windows import Window
from tracetune.live.events import MinuteClosed
from tracetune.sinks.prometheus import families

FIRST_LOOK_MINUTES = 180
"""The window that the pages open with."""


async def prepare_all(snapshots: Snapshots) -> None:
    """Go on until cancelled: prepare each new snapshot in a thread of its own, then have it shown."""
    snapshots.follow(follows=True)
    try:
        async with contextlib.aclosing(snapshots.publisher.subscribe()) as events:
            async for event in events:
                if isinstance(event, MinuteClosed):
                    await asyncio.to_thread(_refresh, snapshots)
    finally:
        snapshots.follow(follows=False)


def _refresh(snapshots: Snapshots) -> None:
    try:
        snapshots.refresh(prepare)
    except Exception as error:  # noqa: BLE001 - it will be shown unprepared instead
        log.get_logger("api").error("snapshot not prepared", error=f"{type(error).__name__}: {error}")


def prepare(shown: Shown) -> None:
    """Work out and remember what most requests share."""
    if not shown.analysis.learned.series.length:
        return
    look = Window(max(shown.held.first, shown.held.last - FIRST_LOOK_MINUTES), shown.held.last)
    _ = shown.rows, shown.rows_of, shown.weight, shown.learned_services, shown.forecast_rows
    services.releases(shown, look)
    services.service_items(shown, look)
    shown.remembered(("metrics",), lambda: list(families(shown.analysis)))
    shown.remembered(
        ("graph", look, "auto", "window"), lambda: overview.graph(shown, look, mode="auto", only_open=False)
    )
    shown.remembered(("graph", look, "auto", "open"), lambda: overview.graph(shown, look, mode="auto", only_open=True))
    shown.remembered(("strips", look), lambda: overview.strips(shown, look))
