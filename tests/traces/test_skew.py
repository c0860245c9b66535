"""Clocks that differ are corrected; children that merely outlast their parents are left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.skew import clock_shifts
from tracetune.traces.tree import find_parents

Spans = Callable[..., SpanBatch]
MS = 1_000_000


def call(
    trace: int, offset: int, *, kinds: Sequence[SpanKind] = (SpanKind.CLIENT, SpanKind.SERVER)
) -> list[dict[str, Any]]:
    """A call of 20 ms from host a to host b, whose 10 ms begin 4 to 6 ms after it, on a clock with an offset."""
    begin = trace * 100 * MS
    server = begin + (4 + trace % 3) * MS + offset
    return [
        {"trace": trace, "id": 1, "kind": kinds[0], "instance": "a", "start": begin, "end": begin + 20 * MS},
        {"trace": trace, "id": 2, "parent": 1, "kind": kinds[1], "service": "cart", "instance": "b",
         "start": server, "end": server + 10 * MS},
        {"trace": trace, "id": 3, "parent": 2, "service": "cart", "instance": "b",
         "start": server + MS, "end": server + 2 * MS},
    ]  # fmt: skip


def shifts(batch: SpanBatch) -> list[int]:
    columns = TraceColumns.from_spans(batch)
    found: list[int] = clock_shifts(columns, find_parents(columns)).tolist()
    return found


def test_a_clock_behind_is_set_right_with_all_that_it_timed(spans: Spans) -> None:
    rows = [row for trace in range(1, 8) for row in call(trace, -500 * MS)]

    assert shifts(spans(*rows)) == [0, 500 * MS, 500 * MS] * 7


def test_a_clock_ahead_is_set_right_where_the_client_waited(spans: Spans) -> None:
    rows = [row for trace in range(1, 8) for row in call(trace, 300 * MS)]

    assert shifts(spans(*rows)) == [0, -300 * MS, -300 * MS] * 7


def test_clocks_that_agree_are_left_alone(spans: Spans) -> None:
    rows = [row for trace in range(1, 8) for row in call(trace, 0)]

    assert not any(shifts(spans(*rows)))


def test_work_that_goes_on_after_its_parent_is_no_skew(spans: Spans) -> None:
    kinds = (SpanKind.INTERNAL, SpanKind.INTERNAL)
    rows = [row for trace in range(1, 8) for row in call(trace, 12 * MS, kinds=kinds)]

    assert not any(shifts(spans(*rows)))


def test_offsets_that_differ_from_call_to_call_are_left_alone(spans: Spans) -> None:
    rows = [row for trace in range(1, 8) for row in call(trace, -trace * 200 * MS)]

    assert not any(shifts(spans(*rows)))


def test_offsets_add_up_along_the_way_and_cancel_on_the_way_back(spans: Spans) -> None:
    back = {"id": 4, "parent": 2, "instance": "a", "trace": 1, "start": 106 * MS, "end": 107 * MS}

    found = shifts(spans(*call(1, -500 * MS), back))

    assert found == [0, 500 * MS, 500 * MS, 0]


def test_one_host_has_one_clock_whatever_its_services(spans: Spans) -> None:
    rows = [{**row, "instance": "a"} for row in call(1, -500 * MS)]

    assert not any(shifts(spans(*rows)))
