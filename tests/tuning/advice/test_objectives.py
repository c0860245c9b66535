"""What p99 each endpoint is to keep."""

from __future__ import annotations

import pytest
from tests.tuning.queue_data import model

from tracetune.errors import InvalidInput
from tracetune.tuning.advice.objectives import objectives_of, seen_of
from tracetune.tuning.advice.scaling import default_objectives


def test_what_somebody_said_takes_the_place_of_the_default() -> None:
    service, operation = model().endpoints[0]

    for name in (operation, f"{service} {operation}"):
        assert objectives_of(model(), {name: 0.123}) == {**default_objectives(model()), 0: 0.123}


def test_without_any_the_default_is_kept() -> None:
    assert objectives_of(model(), {}) == default_objectives(model())


def test_an_endpoint_that_no_trace_begins_with_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="no trace begins with 'GET /nowhere'") as found:
        objectives_of(model(), {"GET /nowhere": 0.5})

    assert model().endpoints[0][1] in found.value.hint


def test_objectives_of_endpoints_that_no_trace_began_with_yet_are_told_apart() -> None:
    operation = model().endpoints[0][1]

    known, waiting = seen_of(model(), {"GET /never": 1.0, operation: 0.5})

    assert known == {operation: 0.5}
    assert waiting == ("GET /never",)
