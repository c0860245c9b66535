"""Runs one scenario and records it."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec

from tracetune_lab import programs
from tracetune_lab.faults import Truth
from tracetune_lab.injector import changes_of_load, inject
from tracetune_lab.lab import Lab
from tracetune_lab.load import LoadPlan, LoadReport
from tracetune_lab.priority import Priority
from tracetune_lab.recordings import FORMAT_VERSION, Manifest, Recorder, Recording
from tracetune_lab.scenarios import Scenario
from tracetune_lab.topology import Topology
from tracetune_lab.topology_files import load_topology

LIBRARIES = ("tracetune-lab", "aiohttp", "grpcio", "opentelemetry-sdk", "redis", "zstandard")


ENVOY_COUNTS = "spans_sent$|^http.inbound.*downstream_rq_completed$"


async def record(
    scenario: Scenario, folder: Path, *, whole_minutes: bool = True, priority: Priority = "normal"
) -> Recording:
    """Run a scenario and write `folder`/NAME, which appears only when it is whole.

    The load starts on a whole minute, so that each minute of the recording is a full one.
    """
    topology = load_topology(scenario.topology)
    place = folder / scenario.name
    options = msgspec.structs.replace(scenario.options(), priority=priority)
    # Configuration and logs of the run need no keeping: a process that dies is told of with its last lines.
    with tempfile.TemporaryDirectory(prefix="tracetune-lab-") as scratch, Recorder(place, scenario.export) as recorder:
        async with Lab(topology, options, Path(scratch), recorder.keep) as lab:
            watch = Watch(lab, {})
            begin = begin_at(whole_minutes=whole_minutes)
            load, truths = await run_with_faults(lab, load_plan(scenario, topology, lab.gateway_port, begin), scenario)
            await lab.settle()
            envoy_counts = await lab.stats(ENVOY_COUNTS)
        # The services send their last database spans while the lab ends, so it is counted after that.
        manifest = watch.manifest(msgspec.to_builtins(scenario), load, envoy_counts, _what_is_compressed(scenario))
        recorder.finish(manifest, truths, load)
    return Recording(place)


class Watch:
    """Notes how a lab stands when a recording begins, so that its manifest counts only what came since."""

    def __init__(self, lab: Lab, envoy_counts: dict[str, int]) -> None:
        """Begin now; `envoy_counts` are Envoy's counters of this moment, none when the lab is fresh."""
        self._lab = lab
        self._envoy_counts = envoy_counts
        self._spans = lab.sink.received, lab.sink.lost
        self._started = time.time_ns()
        self._busy = _cpu_busy_ratio()

    def manifest(
        self, scenario: dict[str, object], load: LoadReport, envoy_counts: dict[str, int], compressed: str
    ) -> Manifest:
        """What has been recorded since the beginning."""
        since = {name: value - self._envoy_counts.get(name, 0) for name, value in sorted(envoy_counts.items())}
        lab = self._lab
        return Manifest(
            format_version=FORMAT_VERSION,
            scenario=scenario,
            topology=msgspec.to_builtins(lab.topology),
            started_unix_nano=self._started,
            load_started_unix_nano=round(load.plan.start_unix_seconds * 1e9),
            ended_unix_nano=time.time_ns(),
            compressed=compressed,
            requests_sent=load.sent,
            requests_answered=load.answered,
            spans_received=lab.sink.received - self._spans[0],
            spans_lost_by_fault=lab.sink.lost - self._spans[1],
            spans_sent_by_envoy=sum(value for name, value in since.items() if name.endswith("spans_sent")),
            requests_seen_by_envoy={name.split(".")[1]: value for name, value in since.items() if "downstream" in name},
            versions=_versions(lab.topology),
            machine={
                **_machine(),
                "cpu_busy_ratio": f"{self._busy():.2f}",
                "priority": "realtime" if lab.realtime else "normal",
            },
        )


def load_plan(scenario: Scenario, topology: Topology, gateway_port: int, begin: float) -> LoadPlan:
    """What the generator is told for a scenario."""
    mix = scenario.mix or topology.entry.mix
    return LoadPlan(
        url=f"http://127.0.0.1:{gateway_port}",
        host=topology.entry.service,
        profile=scenario.profile,
        mix=mix,
        run_seconds=scenario.run_seconds,
        seed=scenario.seed,
        start_unix_seconds=begin,
        changes=changes_of_load(scenario.faults, mix),
    )


async def run_with_faults(lab: Lab, plan: LoadPlan, scenario: Scenario) -> tuple[LoadReport, list[Truth]]:
    """Run a scenario's load and its faults side by side."""
    async with asyncio.TaskGroup() as group:
        load = group.create_task(lab.run_load(plan))
        truths = group.create_task(inject(lab, scenario.faults, plan.start_unix_seconds))
    return load.result(), truths.result()


def begin_at(*, whole_minutes: bool) -> float:
    """When a load can begin at the earliest: in two seconds, or on the next whole minute after that."""
    # The generator needs a second to start.
    return (time.time() + 2) // 60 * 60 + 60 if whole_minutes else time.time() + 2


def _what_is_compressed(scenario: Scenario) -> str:
    if scenario.profile.kind == "diurnal" and scenario.profile.day_seconds < 86400:
        factor = 86400 / scenario.profile.day_seconds
        return f"the load profile: one day in {scenario.profile.day_seconds:g} s ({factor:g} times); no duration is"
    return "nothing"


def _versions(topology: Topology) -> dict[str, str]:
    found = {"python": platform.python_version(), "envoy": programs.envoy_version()}
    if topology.redis:
        found["redis"] = programs.redis_version()
    return {**found, **{library: version(library) for library in LIBRARIES}}


def _machine() -> dict[str, str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return {"cpus": str(os.cpu_count()), "cpu_model": model, "kernel": platform.release(), "load_average_at_end": load}


def _cpu_busy_ratio() -> Callable[[], float]:
    """Gives a function that says how busy all cores were since now: a noisy neighbour shows in a recording."""

    def ticks() -> tuple[int, int]:
        values = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(values) - values[3] - values[4], sum(values)

    busy_before, all_before = ticks()

    def ratio() -> float:
        busy, total = ticks()
        return (busy - busy_before) / max(1, total - all_before)

    return ratio
