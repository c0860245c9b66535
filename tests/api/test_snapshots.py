from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from tracetune.api.snapshots import MOST_ANSWERS, Shown, Snapshots, fixed
from tracetune.api.windows import Window
from tracetune.domain.analysis import Analysis
from tracetune.domain.minutes import column
from tracetune.live.events import IncidentRecord
from tracetune.live.publisher import Publisher, Snapshot


def test_before_the_first_minute_there_is_an_empty_answer() -> None:
    shown = Shown(Snapshot())

    assert shown.analysis.headline == "Waiting for the first spans."
    assert shown.held.first == shown.held.last


def test_a_new_snapshot_is_shown_as_soon_as_it_is_published(shop: Analysis) -> None:
    publisher = Publisher()
    snapshots = Snapshots(publisher)
    before = snapshots.current()

    publisher.publish(Snapshot(shop, 1, 5))

    assert snapshots.current() is not before
    assert snapshots.current() is snapshots.current()
    assert snapshots.current().analysis.headline == shop.headline


def test_incidents_on_record_outlive_the_rolling_window(shop: Analysis) -> None:
    old = dataclasses.replace(shop.incidents[0], id="INC-0ld0")
    record = IncidentRecord(old, shop.rankings[shop.incidents[0].id], 1, 1)

    shown = Shown(Snapshot(shop, 1, 5, ended_incidents=(record,)))

    assert list(shown.incidents) == ["INC-0ld0", *(each.id for each in shop.incidents)]
    assert shown.analysis.rankings["INC-0ld0"].headline == shop.rankings[shop.incidents[0].id].headline


def test_a_window_holds_exactly_its_own_minutes(shown: Shown) -> None:
    first = shown.held.first + 100

    cut = shown.within(Window(first, first + 60))

    minutes = column(cut.ingested.minutes.operations, "minute")
    assert (minutes.min(), minutes.max()) == (first, first + 59)
    assert (cut.learned.series.start_minute, cut.learned.series.length) == (first, 60)


def test_windows_that_part_the_day_add_up_to_it(shown: Shown) -> None:
    middle = shown.held.first + 700
    parts = [shown.within(w) for w in (Window(shown.held.first, middle), Window(middle, shown.held.last))]

    calls = [column(part.ingested.minutes.operations, "calls").sum() for part in parts]

    assert sum(calls) == column(shown.analysis.ingested.minutes.operations, "calls").sum()


def test_a_window_outside_the_data_is_empty(shown: Shown) -> None:
    cut = shown.within(Window(shown.held.last + 10, shown.held.last + 20))

    assert len(cut.ingested.minutes.operations) == 0
    assert cut.learned.series.length == 0


def test_minutes_out_of_order_are_cut_as_well(shop: Analysis) -> None:
    table = shop.ingested.minutes.operations
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    minutes = dataclasses.replace(shop.ingested.minutes, operations=shuffled.combine_chunks())
    shown = Shown(
        fixed(dataclasses.replace(shop, ingested=dataclasses.replace(shop.ingested, minutes=minutes))).current()
    )

    cut = shown.within(Window(shown.held.first + 100, shown.held.first + 110))

    assert set(column(cut.ingested.minutes.operations, "minute")) == set(
        range(shown.held.first + 100, shown.held.first + 110)
    )


def test_answers_are_worked_out_once_and_forgotten_in_time(shop: Analysis) -> None:
    shown = Shown(fixed(shop).current())
    worked: list[int] = []

    def work(number: int) -> Callable[[], int]:
        def answer() -> int:
            worked.append(number)
            return number

        return answer

    for number in (1, 1, *range(2, MOST_ANSWERS + 2), 1):
        assert shown.remembered(("n", number), work(number)) == number

    assert worked.count(2) == 1
    assert worked.count(1) == 2, "the longest unused was forgotten"
