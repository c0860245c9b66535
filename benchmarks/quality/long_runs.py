"""Records the lab's scenarios behind a long calm lead of their own, so that their history is real; takes about two hours.

Run: PYTHONPATH=benchmarks python -m quality.long_runs --split dev|report [--only NAME…] [--at-once N] [--lead SECONDS]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec
from tracetune_lab import scenarios
from tracetune_lab.profiles import Profile
from tracetune_lab.record import record
from tracetune_lab.scenarios import Scenario

from quality.long_recordings import MINUTES, condense

LONG_RUNS = Path(__file__).resolve().parents[2] / "build" / "quality" / "long-runs"
LEAD_SECONDS = 1680.0
"""About so much calm is put before a scenario: with its own first minutes, half an hour before the fault."""

DEV_LEAD_SECONDS = 1260.0

_ALONE = ("cpu_contention",)  # burning a core disturbs whatever is recorded beside it
_BETWEEN_STARTS = 10.0  # seconds: starting twelve services takes a core that long
_STEP = 10.0  # seconds, of a replayed ramp


def catalogue(split: str, wanted: float = LEAD_SECONDS) -> list[Scenario]:
    """The runs of a split, the longest first: those of ``dev_runs.yaml``, or the lab's report scenarios with a lead."""
    if split == "dev":
        found = msgspec.yaml.decode(Path(__file__).with_name("dev_runs.yaml").read_bytes(), type=list[Scenario])
    else:
        found = [
            led(each, wanted) for each in scenarios.catalogue() if each.split == "report" and each.topology != "limits"
        ]
    return sorted(found, key=lambda each: -each.run_seconds)


def period_seconds(profile: Profile) -> float:
    """After so long the load repeats itself; a minute where it does not."""
    period = {"diurnal": profile.day_seconds, "replay": profile.replay_step_seconds * len(profile.rates_rps)}
    return float(period.get(profile.kind, 60.0))


def lead_seconds(scenario: Scenario, wanted: float = LEAD_SECONDS) -> float:
    """As many whole periods of the load as come nearest to what is wanted."""
    period = period_seconds(scenario.profile)
    return period * max(1, round(wanted / period))


def led(scenario: Scenario, wanted: float = LEAD_SECONDS) -> Scenario:
    """The same scenario behind its lead: a rhythm goes on, and what changes the load once begins after the lead."""
    lead = lead_seconds(scenario, wanted)
    faults = [
        msgspec.structs.replace(fault, from_seconds=fault.from_seconds + lead, to_seconds=fault.to_seconds + lead)
        for fault in scenario.faults
    ]
    profile = scenario.profile
    if profile.kind in {"ramp", "step", "surge"}:
        steps = int(scenario.run_seconds / _STEP)
        rates = [profile.rate((at + 0.5) * _STEP, scenario.run_seconds) for at in range(steps)]
        calm = [profile.rate(0.0, scenario.run_seconds)] * int(lead / _STEP)
        profile = Profile(kind="replay", rates_rps=calm + rates, replay_step_seconds=_STEP)
    seconds = scenario.run_seconds + lead
    return msgspec.structs.replace(scenario, run_seconds=seconds, faults=faults, profile=profile)


async def run(scenario: Scenario, split: str, wanted: float = LEAD_SECONDS) -> None:
    """Record one run and condense it."""
    await record(scenario, LONG_RUNS / split, priority="auto")
    condense_run(scenario, split, wanted)


def condense_run(scenario: Scenario, split: str, wanted: float = LEAD_SECONDS) -> None:
    """What is kept of a run that was recorded."""
    if split == "report":
        scenario = scenarios.find(scenario.name)  # its own load, before a ramp was put behind a lead
    period = period_seconds(scenario.profile)
    lead = lead_seconds(scenario, wanted) if split == "report" or not scenario.faults else DEV_LEAD_SECONDS
    condense(LONG_RUNS / split / scenario.name, split, lead_minutes=int(lead / 60), period_minutes=int(period / 60))


def main() -> None:
    """Record what is missing, or one run in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=["dev", "report"], required=True)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument(
        "--lead", type=float, default=LEAD_SECONDS, help="longer, to have its fault after another run ends"
    )
    parser.add_argument("--here", action="store_true", help="the one of --only in this process")
    arguments = parser.parse_args()
    wanted = [
        each for each in catalogue(arguments.split, arguments.lead) if not arguments.only or each.name in arguments.only
    ]
    if arguments.here:
        asyncio.run(run(wanted[0], arguments.split, arguments.lead))
    else:
        alone = [each for each in wanted if any(fault.kind in _ALONE for fault in each.faults)]
        asyncio.run(_all([each.name for each in wanted if each not in alone], arguments.split, arguments.at_once))
        asyncio.run(_all([each.name for each in alone], arguments.split, 1))


async def _all(names: list[str], split: str, at_once: int) -> None:
    turn = asyncio.Semaphore(at_once)

    async def one(place: int, name: str) -> None:
        await asyncio.sleep(place * _BETWEEN_STARTS)
        async with turn:
            command = [sys.executable, "-m", "quality.long_runs", "--split", split, "--only", name, "--here"]
            process = await asyncio.create_subprocess_exec(*command)
            print(name, "failed" if await process.wait() else "is recorded", flush=True)

    missing = [name for name in names if not (MINUTES / split / name / "run.json").is_file()]
    await asyncio.gather(*(one(place, name) for place, name in enumerate(missing)))


if __name__ == "__main__":
    main()
