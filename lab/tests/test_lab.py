"""What a lab does without starting anything: where spans go, and how a mapped clock is shifted."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.lab import Lab, LabOptions, collector
from tracetune_lab.topology_files import load_topology


def test_clock_is_shifted_in_the_file_that_processes_have_mapped(tmp_path: Path) -> None:
    lab = Lab(load_topology("bookinfo"), LabOptions(skewed=("details",)), tmp_path, lambda _: None)
    lab.skew_clock("details", 0.0)

    with (tmp_path / "details.skew").open("rb") as file, mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as mapped:
        lab.skew_clock("details", -0.5)
        seen = int.from_bytes(mapped[:8], "little", signed=True)

    assert seen == -500_000_000


def test_collector_is_a_host_and_a_port() -> None:
    assert collector("http://127.0.0.1:4318/") == ("127.0.0.1", 4318)


@pytest.mark.parametrize("address", ["127.0.0.1:4318", "https://a:1", "http://a", "http://a:b", "http://a:1/v1/traces"])
def test_collector_that_cannot_be_reached_so_is_refused(address: str) -> None:
    with pytest.raises(InvalidTopologyError, match="http://HOST:PORT"):
        collector(address)
