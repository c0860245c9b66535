"""One service in words and numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.tuning.queue_data import model

from tracetune.domain.whatif import Status
from tracetune.tuning.queues.station import external


def test_an_identified_queue_says_how_it_is_known() -> None:
    reason = model().stations[2].reason

    assert reason.startswith("4 slots an instance, each held for the whole request")
    assert "no longer depends on load" in reason


def test_a_service_without_spans_is_a_delay_of_which_no_limit_is_known() -> None:
    station = external("redis", np.arange(100), np.full(100, 0.002), 50.0)

    assert station.status is Status.EXTERNAL
    assert station.calls_per_second == 2.0
    assert station.work_seconds == pytest.approx(0.002)
    assert math.isnan(station.saturation_calls_per_second)
    assert "redis sends no spans" in station.reason
