"""Traffic as the cause."""

from __future__ import annotations

from typing import Any

import pytest
from tests.causes.minutes_data import CHARGE, CHECKOUT, Call, Entry, Scene, incident, minutes, on, pods_of, shop

from tracetune.causes.case import Case
from tracetune.causes.compare import decompose
from tracetune.causes.evidence import Suspect
from tracetune.causes.surge import EXPLAINS, load_suspect, surge
from tracetune.causes.suspects import suspects
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.causes import CauseKind

QUEUES = {"Charge": {"own_seconds": 0.18, "spread": 1.0}}  # the fastest calls are as quick as before


def _surge(position: int) -> list[Entry]:
    return shop(checkout=126 if position >= 80 else 60, change=QUEUES if position >= 80 else None)


def _suspect(scene: Scene, count: int = 95, **more: Any) -> tuple[Case, Suspect | None]:
    case = on(minutes(scene, count, **more), incident(CHECKOUT, CHARGE, onset=80, kind=AnomalyKind.LOAD))
    found = decompose(case)
    entry = next(each for each in found if each.entry == CHECKOUT)
    surged = surge(case, entry, found)
    blamed = list(suspects(case, entry, found))
    return case, load_suspect(case, entry, surged, blamed) if surged else None


def test_surge_that_is_waited_for_explains_the_slowness() -> None:
    _, found = _suspect(_surge)

    assert found is not None
    assert found.kind is CauseKind.LOAD
    assert found.weight >= EXPLAINS
    assert found.factor in {"2×", "2.1×"}
    assert "the wait builds up in payments: 99 % of the rise" in found.evidence


def test_without_more_traffic_there_is_no_surge() -> None:
    _, found = _suspect(lambda position: shop(change=QUEUES if position >= 80 else None))

    assert found is None


def test_release_at_the_same_time_casts_doubt_on_load() -> None:
    placed = lambda position: {"payments": pods_of(2, "2" if position >= 78 else "1")}  # noqa: E731

    _, alone = _suspect(_surge)
    _, released = _suspect(_surge, pods=placed)

    assert alone is not None
    assert released is not None
    assert released.weight == pytest.approx(0.4 * alone.weight)
    assert any("payments 2 was released at 22:38" in sentence for sentence in released.against)


def test_slowness_after_the_surge_is_not_explained_by_it() -> None:
    def scene(position: int) -> list[Entry]:
        return shop(checkout=126 if 80 <= position < 90 else 60, change=QUEUES if position >= 80 else None)

    _, found = _suspect(scene, 110)

    assert found is None or found.weight < EXPLAINS


def test_surge_of_another_entry_through_the_same_service_counts() -> None:
    def scene(position: int) -> list[Entry]:
        slow = {"GetCart": {"own_seconds": 0.12, "spread": 1.0}} if position >= 80 else {}
        job = Call("batch", "nightly", 0.01), Call("cart", "GetCart", 0.03, caller="batch")
        return [*shop(change=slow), Entry(240 if position >= 80 else 20, job)]

    _, found = _suspect(scene)

    assert found is not None
    assert found.service_name == "cart"
    assert found.weight >= EXPLAINS
