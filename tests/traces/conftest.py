"""Spans in a line each: what is left out has a usual value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracetune.domain.spans import SpanBatch

MINUTE = 60_000_000_000
BEGIN = 29_000_000 * MINUTE
Spans = Callable[..., SpanBatch]


@pytest.fixture
def spans() -> Spans:
    """Gives a batch from mappings with id, parent and trace as small numbers, start and end in ns after minute 29,000,000."""
    return lambda *rows: SpanBatch.from_rows([_row(**row) for row in rows])


def _row(**given: Any) -> dict[str, Any]:
    row = {
        "trace_id": given.pop("trace", 1).to_bytes(16, "big"),
        "span_id": given.pop("id", 1).to_bytes(8, "big"),
        "parent_span_id": given.pop("parent", 0).to_bytes(8, "big"),
        "start_time_unix_nano": BEGIN + given.pop("start", 0),
        "end_time_unix_nano": BEGIN + given.pop("end", 100),
        "service_name": given.pop("service", "shop"),
        "name": "get",
    }
    return {**row, **given}
