"""The contracts of the ports as checks: each function tries one rule, which its docstring says.

A check takes a way to get the plug-in, and what it needs to try it with; it raises AssertionError with the rule that was
broken. Whoever writes a plug-in runs the tuple of its port.
"""

from __future__ import annotations

from collections.abc import Callable

from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import Conflict
from tracetune.ports import MinuteStore
from tracetune.testing.minutes import random_minutes, sorted_rows

OpenStore = Callable[[], MinuteStore]
"""Opens a store that was empty when it was first opened, and is the same one each time."""

_START = 29_540_160  # the first of random_minutes' minutes


def new_store_has_no_minutes(open_store: OpenStore) -> None:
    """A store that nobody wrote to reads as the empty batch."""
    store = open_store()

    read = store.read(0, 2**31 - 1)
    store.close()

    _equal(read, MinuteBatch.empty(), "a new store is not empty")


def minutes_come_back_as_they_were_written(open_store: OpenStore) -> None:
    """Every value of every column comes back: any text, zero durations, large sums."""
    written = random_minutes(1)
    store = open_store()

    store.write(written)
    read = store.read(_START, _START + 10)
    store.close()

    _equal(read, written, "what was read is not what was written")


def equal_rows_add_up(open_store: OpenStore) -> None:
    """Rows of equal keys add up, in whatever pieces and order they were written."""
    pieces = [random_minutes(seed, minutes=2, rows=200) for seed in (1, 2, 1, 3)]
    store = open_store()

    for piece in pieces:
        store.write(piece)
    read = store.read(_START, _START + 10)
    store.close()

    _equal(read, MinuteBatch.merge(pieces), "rows of equal keys did not add up as MinuteBatch.merge does")


def first_minute_is_read_and_last_is_not(open_store: OpenStore) -> None:
    """``read(first, last)`` gives the minutes from ``first`` to just before ``last``."""
    minutes = [random_minutes(seed, first_minute=_START + seed, minutes=1) for seed in range(5)]
    store = open_store()

    for minute in minutes:
        store.write(minute)
    read, nothing = store.read(_START + 1, _START + 3), store.read(_START + 2, _START + 2)
    store.close()

    _equal(read, MinuteBatch.merge(minutes[1:3]), "other minutes were read than were asked for")
    _equal(nothing, MinuteBatch.empty(), "an empty range has minutes")


def minutes_outlast_the_store(open_store: OpenStore) -> None:
    """What was written is there when the store is opened again, and adds up with what is written then."""
    first, second = random_minutes(1), random_minutes(2)
    store = open_store()
    store.write(first)
    store.close()

    store = open_store()
    store.write(second)
    read = store.read(_START, _START + 10)
    store.close()

    _equal(read, MinuteBatch.merge([first, second]), "minutes were lost between two openings")


def empty_batch_changes_nothing(open_store: OpenStore) -> None:
    """Writing no minutes is allowed and adds none."""
    store = open_store()

    store.write(MinuteBatch.empty())
    read = store.read(0, 2**31 - 1)
    store.close()

    _equal(read, MinuteBatch.empty(), "an empty batch added something")


def second_owner_is_refused(open_store: OpenStore) -> None:
    """A store has one owner: opening it again raises Conflict, and works once it was closed."""
    store = open_store()

    try:
        open_store().close()
    except Conflict as error:
        refused = error
    else:
        raise AssertionError("two owners have the same store")
    finally:
        store.close()

    open_store().close()
    if not refused.hint:
        raise AssertionError("the refusal does not say what to do")


MINUTE_STORE = (
    new_store_has_no_minutes,
    minutes_come_back_as_they_were_written,
    equal_rows_add_up,
    first_minute_is_read_and_last_is_not,
    minutes_outlast_the_store,
    empty_batch_changes_nothing,
    second_owner_is_refused,
)
"""The rules of ports.MinuteStore."""


def check_minute_store(open_new_store: Callable[[], OpenStore]) -> None:
    """Try every rule of MINUTE_STORE, each with a store of its own."""
    for rule in MINUTE_STORE:
        rule(open_new_store())


def _equal(found: MinuteBatch, expected: MinuteBatch, rule: str) -> None:
    found_rows, expected_rows = sorted_rows(found), sorted_rows(expected)
    for table, rows in expected_rows.items():
        if found_rows[table] != rows:
            lost, added = set(map(str, rows)) - set(map(str, found_rows[table])), len(found_rows[table]) - len(rows)
            raise AssertionError(f"{rule}: {table} differs ({added:+} rows), as {next(iter(lost), 'none is missing')}")
