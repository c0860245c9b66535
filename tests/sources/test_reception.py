"""What receivers share: receipts, counts and tokens."""

from __future__ import annotations

import pytest

from tracetune.sources.reception import Receipt, Tally, bears


@pytest.mark.parametrize(
    ("header", "token", "let_in"),
    [
        ("", "", True),
        ("Bearer x", "", True),
        ("", "x", False),
        ("Bearer x", "x", True),
        ("bearer  x ", "x", True),
        ("Basic x", "x", False),
        ("Bearer xy", "x", False),
        ("Bearer ä", "x", False),
    ],
)
def test_token_is_asked_for_where_there_is_one(header: str, token: str, let_in: bool) -> None:
    assert bears(header, [token] if token else []) is let_in


def test_only_spans_that_were_left_out_count_as_rejected() -> None:
    receipt = Receipt(1, {"no_trace_id": 2, "no_service_name": 3})

    assert receipt.rejected_spans == 2
    assert "3 spans" not in receipt.reason


def test_tally_adds_up() -> None:
    tally = Tally("otlp_http", "127.0.0.1:4318")

    tally.took(100, 7)
    tally.took(50, 1)
    tally.turned_away()

    assert (tally.requests, tally.bytes, tally.spans, tally.refused) == (3, 150, 8, 1)
