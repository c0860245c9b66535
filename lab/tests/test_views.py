"""Columns of spans: own time, overlaps, and the hop between two sidecars."""

from __future__ import annotations

import pytest

from tracetune_lab.views import Row, columns, hop_seconds


def row(span: str, parent: str, service: str, kind: str, start: int, end: int) -> Row:
    """A span of operation `op` whose times are in milliseconds."""
    return Row("t", span, parent, service, "op", kind, f"{service}-0", "1", start * 10**6, end * 10**6, is_error=False)


def test_own_time_is_the_duration_without_overlapping_calls_counted_twice() -> None:
    spans = columns(
        [
            row("1", "", "a", "SERVER", 0, 100),
            row("2", "1", "a", "CLIENT", 10, 50),
            row("3", "1", "a", "CLIENT", 30, 70),
        ]
    )

    assert spans.own_seconds[0] == pytest.approx(0.04)


def test_call_that_outlives_its_parent_is_counted_to_the_parents_end() -> None:
    spans = columns([row("1", "", "a", "SERVER", 0, 100), row("2", "1", "a", "CLIENT", 90, 500)])

    assert spans.own_seconds[0] == pytest.approx(0.09)


def test_span_of_another_host_takes_nothing_from_a_callers_own_time() -> None:
    spans = columns([row("1", "", "a", "CLIENT", 0, 100), row("2", "1", "b", "SERVER", 900, 950)])

    assert spans.own_seconds[0] == pytest.approx(0.1)


def test_hop_is_client_minus_server_time() -> None:
    spans = columns([row("1", "", "a", "CLIENT", 0, 100), row("2", "1", "b", "SERVER", 20, 50)])

    assert hop_seconds(spans, "a", "op").tolist() == pytest.approx([0.07])


def test_no_spans_make_empty_columns() -> None:
    assert len(columns([]).kind) == 0
