"""The rolling window: minutes up to a closed one, added up as they come, bounded in time and rows."""

from __future__ import annotations

import pytest
from tests.live.parts import FIRST_MINUTE, trace_of

from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.spans import SpanBatch
from tracetune.live.window import Window
from tracetune.testing.minutes import sorted_rows
from tracetune.traces.summarise import summarise


def minutes_in(minutes: MinuteBatch) -> set[int]:
    return {minute - FIRST_MINUTE for minute in minutes.operations["minute"].to_pylist()}


def test_late_minutes_add_up_with_those_that_are_there() -> None:
    window = Window(60, summarise(trace_of(0)).minutes)

    window.add(summarise(trace_of(0, 300)))

    both = summarise(SpanBatch.concat([trace_of(0), trace_of(0, 300)])).minutes
    assert sorted_rows(window.until(FIRST_MINUTE)) == sorted_rows(both)


def test_minutes_that_are_still_open_are_not_judged_and_not_lost() -> None:
    window = Window(60, MinuteBatch.empty())
    window.add(summarise(SpanBatch.concat([trace_of(0), trace_of(1)])))

    assert minutes_in(window.until(FIRST_MINUTE)) == {0}
    assert minutes_in(window.until(FIRST_MINUTE + 1)) == {0, 1}


def test_old_minutes_leave() -> None:
    window = Window(3, MinuteBatch.empty())
    for minute in range(6):
        window.add(summarise(trace_of(minute)))

    assert minutes_in(window.until(FIRST_MINUTE + 5)) == {3, 4, 5}


def test_window_is_shorter_where_there_are_many_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracetune.live.window.MOST_ROWS", 5)  # two rows a minute
    window = Window(60, MinuteBatch.empty())
    for minute in range(6):
        window.add(summarise(trace_of(minute)))

    assert minutes_in(window.until(FIRST_MINUTE + 5)) == {4, 5}


def test_exemplar_spans_stay_while_their_minute_does() -> None:
    window = Window(2, MinuteBatch.empty())
    for minute in range(4):
        window.add(summarise(trace_of(minute)))
        window.until(FIRST_MINUTE + minute)

    starts = window.exemplars().column("start_time_unix_nano") // 60_000_000_000 - FIRST_MINUTE

    assert set(starts.tolist()) == {2, 3}


def test_names_of_exemplars_leave_with_them() -> None:
    window = Window(2, MinuteBatch.empty())
    for minute in range(20):
        window.add(summarise(trace_of(minute, name=f"GET /order/{minute}")))
        window.until(FIRST_MINUTE + minute)
        _, names = window.exemplars().labels("name")

    assert sorted(names) == ["Authorize", "GET /order/18", "GET /order/19"]


def test_minutes_in_any_order_over_many_parts_are_those_of_all_together() -> None:
    order = [*range(20, 60), 3, 25, 26, 59, 70, 21, 71]
    window = Window(1440, MinuteBatch.empty())
    for number, minute in enumerate(order):
        window.add(summarise(trace_of(minute, number)))

    whole = MinuteBatch.merge([summarise(trace_of(minute, number)).minutes for number, minute in enumerate(order)])
    assert sorted_rows(window.until(FIRST_MINUTE + 80)) == sorted_rows(whole)
    assert minutes_in(window.until(FIRST_MINUTE + 30)) == {3, *range(20, 31)}
    assert window.changed == {FIRST_MINUTE + minute for minute in order}
