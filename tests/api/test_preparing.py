from __future__ import annotations

import asyncio
import dataclasses

from tracetune.api.preparing import prepare, prepare_all
from tracetune.api.snapshots import PATIENCE_SECONDS, Shown, Snapshots, fixed
from tracetune.domain.analysis import Analysis
from tracetune.live.events import MinuteClosed
from tracetune.live.publisher import Publisher, Snapshot


def test_what_is_prepared_is_remembered(shop: Analysis) -> None:
    shown = Shown(fixed(shop).current())

    prepare(shown)

    kinds = {key[0] for key in shown._answers}
    assert {"services", "graph", "strips", "metrics", "releases"} <= kinds


def test_nothing_seen_yet_needs_no_preparation() -> None:
    shown = Shown(Snapshot())

    prepare(shown)

    assert shown._answers == {}


def test_a_new_snapshot_is_shown_once_it_is_prepared(shop: Analysis) -> None:
    publisher = fixed(shop)
    snapshots = Snapshots(publisher)

    async def story() -> tuple[Snapshot, Snapshot]:
        following = asyncio.create_task(prepare_all(snapshots))
        await asyncio.sleep(0)
        newer = dataclasses.replace(publisher.current(), version=2)
        publisher.publish(newer)
        before = snapshots.current().snapshot
        publisher.announce([MinuteClosed(1, 2)])
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while snapshots.current().snapshot is not newer:  # noqa: ASYNC110 - the thread that prepares tells nobody
                await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        return before, newer

    before, newer = asyncio.run(story())

    assert before.version == 1, "the old one is shown while the new one is being prepared"
    assert newer.version == 2
    assert snapshots.current()._answers


def test_a_snapshot_that_nobody_prepares_is_shown_in_time(shop: Analysis) -> None:
    now = [0.0]
    publisher = Publisher(Snapshot(shop, 1, 1))
    snapshots = Snapshots(publisher, lambda: now[0])
    snapshots.follow(follows=True)
    publisher.publish(Snapshot(shop, 2, 2))

    first = snapshots.current().snapshot.version
    now[0] = PATIENCE_SECONDS + 1

    assert (first, snapshots.current().snapshot.version) == (1, 2)
