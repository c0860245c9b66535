"""Running Envoys follow new policies and new replicas at once, and go back."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from tracetune_lab.behaviour import AddedLatency, Behaviour
from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.lab import Lab, LabOptions
from tracetune_lab.load import LoadPlan, LoadReport
from tracetune_lab.policies import Policy
from tracetune_lab.profiles import Profile
from tracetune_lab.topology_files import load_topology
from tracetune_lab.views import payload_rows

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

PAGE, LAG = "GET /productpage", 1.5


async def load(lab: Lab) -> LoadReport:
    url, profile = f"http://127.0.0.1:{lab.gateway_port}", Profile(base_rps=8, peak_rps=8)
    return await lab.run_load(LoadPlan(url, "productpage", profile, {PAGE: 1}, 3, 1, time.time() + 1))


def test_running_sidecars_follow_a_timeout_and_new_replicas_and_go_back(tmp_path: Path) -> None:
    payloads: list[bytes] = []

    async def scene() -> list[float]:
        async with Lab(load_topology("bookinfo"), LabOptions(), tmp_path, payloads.append) as lab:
            slow = Behaviour(added_latency={"GET /ratings": AddedLatency("constant", LAG)})
            await lab.set_behaviour(lab.instances["ratings"], slow)
            medians = [(await load(lab)).latency_of().quantile_seconds(0.5)]
            lab.outbound.apply({("reviews", "ratings"): Policy(timeout_seconds=0.1, attempts=0)})
            await lab.scale("details", 3)
            payloads.clear()
            medians.append((await load(lab)).latency_of().quantile_seconds(0.5))
            await lab.settle()
            with_changes.extend(payloads)
            lab.outbound.apply({})
            medians.append((await load(lab)).latency_of().quantile_seconds(0.5))
        return medians

    with_changes: list[bytes] = []
    before, during, after = asyncio.run(scene())

    # reviews tries a failed call of ratings once more, so the timeout is waited for twice.
    assert min(before, after) > LAG
    assert during < 0.6 * LAG
    rows = [row for payload in with_changes for row in payload_rows(payload, zipkin=False)]
    served = Counter(row.instance for row in rows if row.service_name == "details.default" and row.kind == "SERVER")
    assert len(served) == 3


def test_replicas_that_share_their_slots_cannot_be_added(tmp_path: Path) -> None:
    lab = Lab(load_topology("limits"), LabOptions(), tmp_path, lambda _: None)

    with pytest.raises(InvalidTopologyError, match="its replicas share their slots"):
        asyncio.run(lab.scale("stock", 4))
