"""Tries changes on a running lab: the same load with and without them in turns, in one run."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import msgspec

from tracetune_lab.histogram import Histogram
from tracetune_lab.injector import inject
from tracetune_lab.lab import Lab
from tracetune_lab.load import LoadReport
from tracetune_lab.manifests import Changes
from tracetune_lab.priority import Priority
from tracetune_lab.record import load_plan
from tracetune_lab.scenarios import Scenario
from tracetune_lab.topology import Topology

# Before the turn, so that a queue of the turn before has drained and new replicas answer.
LEAD_SECONDS = 5.0


class Trial(msgspec.Struct, frozen=True):
    """What is tried: a scenario's load and faults (which last throughout), in turns of whole minutes.

    The first turn is without the changes. `slo_seconds` is the objective of each operation at the entry.
    """

    scenario: Scenario
    turn_minutes: int
    turns: int
    slo_seconds: dict[str, float]

    def run_seconds(self) -> float:
        """How long the load runs."""
        return 60.0 * self.turn_minutes * self.turns


class Outcome(msgspec.Struct):
    """How one side fared at one operation of the entry; seconds since the request was due.

    `within_slo` is the share of requests that succeeded within the objective: a failure is never within it.
    """

    side: str
    operation: str
    sent: int = 0
    succeeded: int = 0
    within_slo: float = float("nan")
    p50_seconds: float = 0.0
    p95_seconds: float = 0.0
    p99_seconds: float = 0.0

    def text(self) -> str:
        """A line of a table."""
        quantiles = "  ".join(
            f"{1000 * value:6.0f}" for value in (self.p50_seconds, self.p95_seconds, self.p99_seconds)
        )
        slo = "" if self.within_slo != self.within_slo else f"  {100 * self.within_slo:5.1f} %"
        return (
            f"{self.side:8} {self.operation:18} {self.sent:6}  {100 * self.succeeded / max(1, self.sent):5.1f} %"
            f"  {quantiles}{slo}"
        )


HEADER = "side     operation            sent  success     p50     p95     p99 ms  in SLO"
BEFORE, AFTER = "default", "changed"


async def run(trial: Trial, topology: Topology, changes: Changes, priority: Priority) -> list[Outcome]:
    """Run the turns and give the outcome of each side at each operation.

    Raises:
        InvalidTopologyError: a service cannot have the replicas asked for.
    """
    scenario = _throughout(trial)
    options = msgspec.structs.replace(scenario.options(), priority=priority)
    with tempfile.TemporaryDirectory(prefix="tracetune-lab-") as scratch:
        async with Lab(topology, options, Path(scratch), lambda _: None) as lab:
            begin = (time.time() + 2 + LEAD_SECONDS) // 60 * 60 + 60
            plan = load_plan(scenario, topology, lab.gateway_port, begin)
            async with asyncio.TaskGroup() as group:
                load = group.create_task(lab.run_load(plan))
                group.create_task(inject(lab, scenario.faults, begin))
                group.create_task(_take_turns(lab, trial, changes, begin))
    return outcomes(load.result(), trial)


def outcomes(report: LoadReport, trial: Trial) -> list[Outcome]:
    """The outcome of each side at each operation, from the generator's minutes."""
    first = int(report.plan.start_unix_seconds) // 60
    found: dict[tuple[str, str], Outcome] = {}
    latencies: dict[tuple[str, str], Histogram] = {}
    failed: dict[tuple[str, str], Histogram] = {}
    for row in report.minutes:
        turn = (row.minute_unix_seconds // 60 - first) // trial.turn_minutes
        key = (AFTER if turn % 2 else BEFORE), row.operation
        outcome = found.setdefault(key, Outcome(*key))
        outcome.sent += row.sent
        outcome.succeeded += sum(count for status, count in row.statuses.items() if 0 < status < 500)
        latencies.setdefault(key, Histogram()).merge(row.latency)
        failed.setdefault(key, Histogram()).merge(row.latency_of_failed)
    for key, outcome in found.items():
        latency = latencies[key]
        outcome.p50_seconds, outcome.p95_seconds, outcome.p99_seconds = (
            latency.quantile_seconds(quantile) for quantile in (0.5, 0.95, 0.99)
        )
        if key[1] in trial.slo_seconds:
            objective = trial.slo_seconds[key[1]]
            outcome.within_slo = (latency.within(objective) - failed[key].within(objective)) / max(1, latency.total())
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0] != BEFORE))]


def _throughout(trial: Trial) -> Scenario:
    length = trial.run_seconds()
    faults = [msgspec.structs.replace(each, from_seconds=0, to_seconds=length) for each in trial.scenario.faults]
    return msgspec.structs.replace(trial.scenario, run_seconds=length, faults=faults)


async def _take_turns(lab: Lab, trial: Trial, changes: Changes, begin: float) -> None:
    before = {service: len(lab.instances[service]) for service in changes.replicas}
    for turn in range(1, trial.turns):
        at = begin + 60 * trial.turn_minutes * turn - LEAD_SECONDS
        await asyncio.sleep(max(0.0, at - time.time()))
        changed = turn % 2 == 1
        for service, count in (changes.replicas if changed else before).items():
            await lab.scale(service, count)
        lab.outbound.apply(changes.policies if changed else {})
