"""Real-time priority: taken where it is permitted, refused with a reason where it is not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tracetune_lab import priority
from tracetune_lab.errors import PriorityRefusedError
from tracetune_lab.processes import Processes


def test_priority_that_is_not_permitted_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority, "is_permitted", lambda: False)

    with pytest.raises(PriorityRefusedError, match="--priority normal"):
        priority.is_realtime("realtime")
    assert not priority.is_realtime("auto")


def test_asking_whether_it_is_permitted_changes_nothing() -> None:
    before = os.sched_getscheduler(0)

    priority.is_permitted.cache_clear()
    priority.is_permitted()

    assert os.sched_getscheduler(0) == before


@pytest.mark.skipif(not priority.is_permitted(), reason="real-time priority is not permitted here")
def test_processes_of_a_realtime_lab_are_scheduled_before_all_others(tmp_path: Path) -> None:
    async def scene() -> tuple[int, int]:
        processes = Processes(tmp_path, realtime=True)
        pid = await processes.start("waiter", ["sleep", "60"])
        found = os.sched_getscheduler(pid), os.sched_getparam(pid).sched_priority
        await processes.stop()
        return found

    assert asyncio.run(scene()) == (os.SCHED_RR, priority.MEASURED)
