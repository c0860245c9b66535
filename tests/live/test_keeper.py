"""What the fold gave is stored in order, once, and again after a store was away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import pytest
from tests.live.parts import trace_of

from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import Unavailable
from tracetune.live.admission import Save
from tracetune.live.fold import Emission
from tracetune.live.keeper import Keeper, state_of
from tracetune.stores.checkpoint import Checkpoint
from tracetune.stores.parquet import ParquetMinutes
from tracetune.testing.minutes import sorted_rows
from tracetune.traces.summarise import summarise

STATE = Checkpoint({"number": 2}, {"held": trace_of(0).table}, {"ids": np.arange(3)})


def emission(number: int) -> Emission:
    return Emission(number, summarise(trace_of(number)), number)


class Flaky(ParquetMinutes):
    """A store that is away for its first writes."""

    def __init__(self, directory: Path, failures: int) -> None:
        super().__init__(directory)
        self.failures = failures
        self.tried = threading.Event()

    def write(self, minutes: MinuteBatch, *, write_id: str = "") -> None:
        if self.failures:
            self.failures -= 1
            self.tried.set()
            raise Unavailable("the store is away", hint="look")
        super().write(minutes, write_id=write_id)


Store = TypeVar("Store", bound=ParquetMinutes)


class Open(Protocol):
    """Has a store closed after the test."""

    def __call__(self, store: Store) -> Store: ...


@pytest.fixture
def opened() -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda store: stack.enter_context(closing(store))


def keeper(tmp_path: Path, store: ParquetMinutes, forgotten: list[int], passed: list[Emission]) -> Keeper:
    return Keeper(store, tmp_path / "state.zip", "journal", forget=forgotten.append, passed_on=passed.append)


def test_minutes_are_stored_before_a_state_that_counts_on_them(tmp_path: Path, opened: Open) -> None:
    store = opened(ParquetMinutes(tmp_path / "store"))
    forgotten: list[int] = []
    passed: list[Emission] = []
    first = keeper(tmp_path, store, forgotten, passed)
    first.start()

    for each in (emission(1), emission(2), Save(STATE, 500)):
        first.give(each)
    first.drain()
    first.stop()

    state, position, journal_id = state_of(tmp_path / "state.zip")
    assert state is not None
    assert (state.document["number"], position, journal_id) == (2, 500, "journal")
    assert forgotten == [500]
    assert [each.number for each in passed] == [1, 2]
    expected = MinuteBatch.merge([emission(1).summary.minutes, emission(2).summary.minutes])
    assert sorted_rows(store.read(0, 2**31 - 1)) == sorted_rows(expected)


def test_emission_that_comes_again_after_a_restart_is_not_stored_twice(tmp_path: Path, opened: Open) -> None:
    store = opened(ParquetMinutes(tmp_path / "store"))
    for _ in range(2):
        again = keeper(tmp_path, store, [], [])
        again.start()
        again.give(emission(1))
        again.stop()

    assert sorted_rows(store.read(0, 2**31 - 1)) == sorted_rows(emission(1).summary.minutes)


def test_store_that_was_away_gets_everything_later(tmp_path: Path, opened: Open) -> None:
    store = opened(Flaky(tmp_path / "store", failures=2))
    passed: list[Emission] = []
    patient = keeper(tmp_path, store, [], passed)
    patient.start()

    patient.give(emission(1))
    store.tried.wait()
    patient.give(emission(2))
    patient.drain()
    patient.stop()

    assert [each.number for each in passed] == [1, 2]
    assert patient.problem == ""


def test_store_that_stays_away_leaves_the_rest_to_the_journal(tmp_path: Path, opened: Open) -> None:
    store = opened(Flaky(tmp_path / "store", failures=1_000_000))
    forgotten: list[int] = []
    hopeless = keeper(tmp_path, store, forgotten, [])
    hopeless.start()

    hopeless.give(emission(1))
    hopeless.give(Save(STATE, 500))
    store.tried.wait()
    hopeless.stop()

    assert forgotten == []
    assert state_of(tmp_path / "state.zip") == (None, 0, "")
    assert "the store is away" in hopeless.problem
