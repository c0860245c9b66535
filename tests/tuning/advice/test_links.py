"""What each connection did."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import START, Entry, after, minutes, shop

from tracetune.tuning.advice.links import connections

OBSERVED = np.arange(START, START + 30)
ALL = np.ones(30, np.bool_)


def test_connection_has_its_calls_and_open_requests_a_minute() -> None:
    found = connections(minutes(lambda _: shop(), 30).links, OBSERVED, ALL)

    assert set(found) == {("frontend", "cart"), ("frontend", "payments"), ("payments", "bank"), ("frontend", "catalog")}
    cart = found["frontend", "cart"]
    assert cart.calls.mean() == pytest.approx(60, rel=0.1)
    assert cart.in_flight.mean() == pytest.approx(0.0305, rel=0.1)
    assert cart.operations == ("GetCart",)


def test_durations_are_of_healthy_minutes_only() -> None:
    batch = minutes(after(20, GetCart={"own_seconds": 0.5}), 30)

    found = connections(batch.links, OBSERVED, OBSERVED < START + 20)["frontend", "cart"]

    assert found.durations.quantile(0.999)[0] < 0.1
    assert found.calls[25] > 0


def test_databases_are_no_connections_that_a_mesh_limits() -> None:
    def scene(_: int) -> list[Entry]:
        return shop(change={"POST /charge": {"unpaired": True}})

    found = connections(minutes(scene, 30).links, OBSERVED, ALL)

    assert ("payments", "bank") not in found


def test_no_links_are_no_connections() -> None:
    assert connections(minutes(lambda _: [], 1).links, OBSERVED, ALL) == {}
