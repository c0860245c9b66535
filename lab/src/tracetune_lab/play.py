"""Plays a scenario to somebody else's collector, such as a running `tracetune serve`, and says what really happened."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from tracetune_lab.counts import STATS
from tracetune_lab.faults import Truth
from tracetune_lab.lab import Lab
from tracetune_lab.load import LoadReport
from tracetune_lab.priority import Priority
from tracetune_lab.record import begin_at, load_plan, run_with_faults
from tracetune_lab.scenarios import Scenario
from tracetune_lab.topology_files import load_topology


class Played(msgspec.Struct, frozen=True):
    """What was done: the faults as they really were, the generator's view, and how many spans Envoy sent."""

    truths: list[Truth]
    load: LoadReport
    spans_sent: int


async def play(scenario: Scenario, to: str, priority: Priority = "normal") -> Played:
    """Run a scenario whose spans go straight from the sidecars to the collector at `to`, from the next whole minute on."""
    topology = load_topology(scenario.topology)
    options = msgspec.structs.replace(scenario.options(), priority=priority, to=to)
    with tempfile.TemporaryDirectory(prefix="tracetune-lab-") as scratch:
        async with Lab(topology, options, Path(scratch), lambda _: None) as lab:
            plan = load_plan(scenario, topology, lab.gateway_port, begin_at(whole_minutes=True))
            load, truths = await run_with_faults(lab, plan, scenario)
            await lab.settle()
            stats = await lab.stats(STATS)
    return Played(truths, load, sum(value for name, value in stats.items() if name.endswith("spans_sent")))
