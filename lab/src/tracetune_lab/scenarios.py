"""The scenario catalogue: what is run, for how long, under which load, with which faults, and for which split."""

from __future__ import annotations

from importlib import resources
from typing import Literal

import msgspec

from tracetune_lab import faults
from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.faults import Fault
from tracetune_lab.lab import LabOptions
from tracetune_lab.plan import Export, SpansFrom
from tracetune_lab.profiles import Profile
from tracetune_lab.topology import Topology
from tracetune_lab.topology_files import load_topology


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One run worth keeping.

    Thresholds and models may be tuned on `dev`; nothing may be tuned on `report`, nor on `tuning`, which
    holds the cases of what more replicas help, and no history for detection. `mix` replaces
    the topology's own.
    """

    name: str
    about: str
    split: Literal["dev", "report", "tuning"]
    topology: str
    run_seconds: float
    profile: Profile
    seed: int
    mix: dict[str, float] | None = None
    spans_from: SpansFrom = "sidecar"
    export: Export = "otlp-http"
    faults: list[Fault] = []

    def options(self) -> LabOptions:
        """How the lab is run for it."""
        skewed = tuple(fault.service for fault in self.faults if fault.kind == "clock_skew")
        return LabOptions(self.spans_from, self.export, self.seed, skewed)


def catalogue() -> list[Scenario]:
    """Every scenario that comes with the lab, checked.

    Raises:
        InvalidTopologyError: the catalogue is malformed or breaks a rule.
    """
    text = (resources.files("tracetune_lab") / "scenarios.yaml").read_bytes()
    try:
        scenarios = msgspec.yaml.decode(text, type=list[Scenario])
    except msgspec.MsgspecError as error:
        raise InvalidTopologyError(f"scenarios.yaml: {error}") from error
    found = [text for scenario in scenarios for text in breaches(scenario, load_topology(scenario.topology))]
    if found:
        raise InvalidTopologyError("scenarios.yaml:\n  " + "\n  ".join(found))
    return scenarios


def breaches(scenario: Scenario, topology: Topology) -> list[str]:
    """Everything wrong with a scenario on its topology."""
    found = [f"{scenario.name}: {text}" for fault in scenario.faults for text in _fault(scenario, topology, fault)]
    unknown = set(scenario.mix or {}) - set(topology.services[topology.entry.service].operations)
    if unknown:
        found.append(f"{scenario.name}: mix names {sorted(unknown)}, which {topology.entry.service} does not have")
    return found


def _fault(scenario: Scenario, topology: Topology, fault: Fault) -> list[str]:
    return list(faults.breaches(fault, topology, scenario.run_seconds))


def find(name: str) -> Scenario:
    """The scenario of this name.

    Raises:
        InvalidTopologyError: there is none.
    """
    for scenario in catalogue():
        if scenario.name == name:
            return scenario
    raise InvalidTopologyError(f"no scenario {name!r}; `tracetune-lab scenarios` lists them")
