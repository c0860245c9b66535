"""What is deleted when, by clocks that are right and by clocks that are far ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.live.parts import FIRST_MINUTE, Clock

from tracetune.live.retention import HOLD_SECONDS, Retention
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes

DAY, YEAR = 1440, 365
NOON = 720
KEEP = {"operations": 30, "exemplars": 7}


class Store(ClickHouseMinutes):
    """The store, which deletes at once; ages are days before the first of them."""

    def forget(self, before: Mapping[str, int], *, wait: bool = True) -> None:
        super().forget(before, wait=wait)

    @property
    def ages(self) -> list[int]:
        found = self.read(0, 2**31 - 1).operations["minute"].to_pylist()
        return sorted({FIRST_MINUTE // DAY - minute // DAY for minute in found})

    def add(self, day: int) -> None:
        self.write(random_minutes(1, first_minute=FIRST_MINUTE + day * DAY + NOON, rows=5))


class Passing:
    """Hours that go on evenly."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(ClickHouse(f"chdb://{tmp_path}/store"))
    for days in (0, 10, 20):
        found.add(-days)
    yield found
    found.close()


def _retention(store: Store, clock: Clock, passing: Passing) -> Retention:
    return Retention(store, KEEP, clock, passing)


def _on(clock: Clock, day: int) -> None:
    clock.now = (FIRST_MINUTE + day * DAY + NOON + 60) * 60.0


def test_clock_a_year_ahead_makes_nothing_old_while_the_spans_tell_the_time(store: Store) -> None:
    clock, passing = Clock(), Passing()
    _on(clock, 0)
    retention = _retention(store, clock, passing)

    _on(clock, YEAR)
    store.add(1)
    passing.seconds += 5 * HOLD_SECONDS
    retention.look()
    kept = store.ages
    _on(clock, 15)
    store.add(15)
    passing.seconds += 15 * 86_400
    retention.look()

    assert kept == [-1, 0, 10, 20]
    assert store.ages == [-15, -1, 0, 10]


def test_clock_and_spans_a_year_ahead_together_are_told_and_delete_nothing_for_a_day(store: Store) -> None:
    clock, passing = Clock(), Passing()
    _on(clock, 0)
    retention = _retention(store, clock, passing)

    _on(clock, YEAR)
    store.add(YEAR)
    retention.look()
    kept, said = store.ages, retention.problem
    _on(clock, 1)  # somebody sets it right
    passing.seconds += 7_200
    retention.look()

    assert {0, 10, 20} <= set(kept)
    assert "went on by 36" in said
    assert "no old minutes are deleted" in said
    assert {0, 10, 20} <= set(store.ages)
    assert retention.problem == ""


def test_step_that_stands_for_a_day_is_believed(store: Store) -> None:
    clock, passing = Clock(), Passing()
    _on(clock, 0)
    retention = _retention(store, clock, passing)
    _on(clock, 60)  # the server was away for two months
    store.add(60)
    retention.look()

    passing.seconds += HOLD_SECONDS
    _on(clock, 61)
    retention.look()

    assert store.ages == [-60]
    assert retention.problem == ""


def test_spans_of_the_future_make_nothing_old(store: Store) -> None:
    clock, passing = Clock(), Passing()
    _on(clock, 0)
    store.add(YEAR)

    _retention(store, clock, passing).look()

    assert {0, 10, 20} <= set(store.ages)


def test_nothing_grows_old_while_nothing_comes(store: Store) -> None:
    clock, passing = Clock(), Passing()
    _on(clock, 0)
    retention = _retention(store, clock, passing)
    for _ in range(4):
        clock.now += 20 * 86_400
        passing.seconds += 20 * 86_400
        retention.look()

    assert store.ages == [0, 10, 20]
