from __future__ import annotations

import pytest

from tracetune.api.snapshots import Shown
from tracetune.api.traces import trace
from tracetune.errors import InvalidInput, NotFound


def test_an_exemplar_is_given_as_a_waterfall(shown: Shown) -> None:
    trace_id = shown.analysis.ingested.minutes.exemplars["trace_id"][0].as_py().hex()

    found = trace(shown, trace_id.lstrip("0"))

    assert found.trace_id == trace_id
    assert found.rows[0].depth == 0


def test_a_trace_that_was_not_kept_is_told_where_to_look(shown: Shown) -> None:
    with pytest.raises(NotFound) as caught:
        trace(shown, "ab" * 16)

    assert "trace store" in caught.value.hint


@pytest.mark.parametrize("text", ["", "xyz", "0" * 33])
def test_what_is_no_id_is_refused(shown: Shown, text: str) -> None:
    with pytest.raises(InvalidInput):
        trace(shown, text)
