"""A state is whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.live.parts import trace_of

from tracetune.errors import InvalidInput, Unavailable
from tracetune.stores.checkpoint import Checkpoint, load, save

STATE = Checkpoint({"number": 7}, {"held": trace_of(0).table}, {"ids": np.arange(1000)})


def test_state_comes_back(tmp_path: Path) -> None:
    save(tmp_path / "state.zip", STATE)

    found = load(tmp_path / "state.zip")

    assert found is not None
    assert found.document == {"number": 7}
    assert found.tables["held"].equals(STATE.tables["held"])
    np.testing.assert_array_equal(found.arrays["ids"], np.arange(1000))
    assert [path.name for path in tmp_path.iterdir()] == ["state.zip"]


def test_there_is_none_at_first(tmp_path: Path) -> None:
    assert load(tmp_path / "state.zip") is None


def test_damage_is_found_and_said(tmp_path: Path) -> None:
    path = tmp_path / "state.zip"
    save(path, STATE)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)

    with pytest.raises(InvalidInput, match="is damaged") as caught:
        load(path)

    assert "remove it" in caught.value.hint


def test_state_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    save(tmp_path / "state.zip", STATE)
    (tmp_path / "state.unfinished").mkdir()  # a file cannot take its place

    with pytest.raises(Unavailable, match="cannot be written"):
        save(tmp_path / "state.zip", Checkpoint({"number": 8}, {}, {}))

    found = load(tmp_path / "state.zip")
    assert found is not None
    assert found.document == {"number": 7}
