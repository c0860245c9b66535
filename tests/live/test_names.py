"""Operation names without end, as ids in paths make them: bounded memory, and the rule that would mend them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.live.parts import trace_of
from tests.live.real import Served, serving, until

from tracetune.domain.spans import SpanBatch
from tracetune.testing.otlp_writer import request

NAMES_A_REQUEST = 5_000
_DIGITS = 7


class Named:
    """Requests of NAMES_A_REQUEST spans, each with a name and ids that no other has."""

    def __init__(self) -> None:
        batch = SpanBatch.concat([trace_of(0, at, f"GET /user/{at:0{_DIGITS}}") for at in range(NAMES_A_REQUEST)])
        roots = np.arange(0, len(batch), 2)
        self._bytes = np.frombuffer(request(batch.take(roots)), np.uint8)
        text = self._bytes.tobytes()
        self._digits = np.array(list(_after(text, b"GET /user/")))[:, None] + np.arange(_DIGITS)
        self._ids = np.array([text.find(trace_of(0, at).table["trace_id"][0].as_py()) for at in range(NAMES_A_REQUEST)])

    def body(self, number: int) -> bytes:
        """The request of a number."""
        changed = self._bytes.copy()
        names = number * NAMES_A_REQUEST + np.arange(NAMES_A_REQUEST)
        powers = 10 ** np.arange(_DIGITS - 1, -1, -1)
        changed[self._digits] = ord("0") + names[:, None] // powers % 10
        changed[self._ids + 1] = number & 0xFF
        return changed.tobytes()


def _after(text: bytes, part: bytes) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at + len(part)
        at = text.find(part, at + 1)


def _send(served: Served, named: Named, numbers: range) -> float:
    for number in numbers:
        assert served.send(named.body(number)).status_code == 200
    return served.resident_mebibytes


def _rules(served: Served) -> list[str]:
    return [each for each in served.problems() if "operation names" in each]


@pytest.mark.slow
def test_million_names_take_bounded_memory_and_are_told_with_the_rule_that_mends_them(tmp_path: Path) -> None:
    named = Named()
    with serving(tmp_path, TRACETUNE_INGEST_MAX_SPANS="20000") as served:
        after_a_tenth = _send(served, named, range(20))
        after_all = _send(served, named, range(20, 200))
        (problem,) = _rules(served)
        until(lambda: served.received("otlp_http") == 1_000_000)  # the count is published every two seconds

    assert "GET /user/{id}" in problem
    assert "shop has more than 1000 operation names" in problem
    assert after_all - after_a_tenth < 200
