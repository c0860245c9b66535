"""The grid of a sweep: which loads and replicas are measured, and what each point may be used for."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec

from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.topology import Step, Topology
from tracetune_lab.topology_files import load_topology

Split = Literal["train", "dev", "report"]


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One choice of replicas, and the loads it is measured at, by what they may be used for."""

    replicas: dict[str, int]
    rates_rps: dict[Split, list[float]]


class Point(msgspec.Struct, frozen=True):
    """One load at one choice of replicas."""

    number: int
    split: Split
    rate_rps: float
    replicas: dict[str, int]
    seed: int

    def replicas_text(self) -> str:
        """The replicas as one cell of the table."""
        return " ".join(f"{name}={count}" for name, count in self.replicas.items())

    def folder(self) -> str:
        """The name of the directory that holds the point's recording."""
        return f"point-{self.number:02}"


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is varied, and what is held.

    The first `warm_up_seconds` of a point are not measured. `slots` replaces the pools of some
    services; those in `waits` wait for as long as they would have computed.
    """

    topology: str
    mix: dict[str, float]
    slots: dict[str, int]
    waits: list[str]
    warm_up_seconds: float
    point_seconds: float
    seed: int
    settings: list[Setting]

    def points(self) -> list[list[Point]]:
        """The points of each setting, by rising load, numbered through."""
        found: list[list[Point]] = []
        number = 0
        for setting in self.settings:
            loads = sorted((rate, split) for split, rates in setting.rates_rps.items() for rate in rates)
            found.append(
                [
                    Point(number + place, split, rate, setting.replicas, self.seed + number + place)
                    for place, (rate, split) in enumerate(loads)
                ]
            )
            number += len(loads)
        return found

    def topology_at(self, replicas: dict[str, int]) -> Topology:
        """The grid's topology with one choice of replicas."""
        topology = load_topology(self.topology)
        services = dict(topology.services)
        for name, count in replicas.items():
            services[name] = msgspec.structs.replace(services[name], replicas=count)
        for name, slots in self.slots.items():
            pool = msgspec.structs.replace(services[name].pool, slots=slots)
            services[name] = msgspec.structs.replace(services[name], pool=pool)
        for name in self.waits:
            operations = {key: [_waiting(step) for step in steps] for key, steps in services[name].operations.items()}
            services[name] = msgspec.structs.replace(services[name], operations=operations)
        return msgspec.structs.replace(topology, services=services)


def load_grid(path: Path | None = None) -> Grid:
    """The grid in a file, or the one that comes with the lab.

    Raises:
        InvalidTopologyError: the file is malformed.
    """
    source = path or resources.files("tracetune_lab") / "sweep.yaml"
    try:
        return msgspec.yaml.decode(source.read_bytes(), type=Grid)
    except msgspec.MsgspecError as error:
        raise InvalidTopologyError(f"{source}: {error}") from error


def _waiting(step: Step) -> Step:
    if step.work is None:
        return step
    return msgspec.structs.replace(step, work=msgspec.structs.replace(step.work, kind="wait"))
