"""Finds topology files, reads them and refuses those that break a rule."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import msgspec

from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.topology import Topology
from tracetune_lab.topology_rules import breaches


def shipped() -> list[str]:
    """The names of the topologies that come with the lab."""
    folder = resources.files("tracetune_lab") / "topologies"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_topology(name_or_path: str) -> Topology:
    """Read a shipped topology by name, or any by path, and check it.

    Raises:
        InvalidTopologyError: the file is absent, malformed or breaks a rule.
    """
    if name_or_path in shipped():
        text = (resources.files("tracetune_lab") / "topologies" / f"{name_or_path}.yaml").read_bytes()
    elif Path(name_or_path).is_file():
        text = Path(name_or_path).read_bytes()
    else:
        raise InvalidTopologyError(
            f"no topology {name_or_path!r}: give a path to a YAML file or one of {', '.join(shipped())}"
        )
    try:
        topology = msgspec.yaml.decode(text, type=Topology)
    except msgspec.MsgspecError as error:
        raise InvalidTopologyError(f"{name_or_path}: {error}") from error
    found = breaches(topology)
    if found:
        raise InvalidTopologyError(f"{name_or_path} breaks {len(found)} rule(s):\n  " + "\n  ".join(found))
    return topology
