"""Versions that came shortly before an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from tests.causes.minutes_data import CHARGE, START, Pods, after, incident, minutes, on, pods_of, shop

from tracetune.causes.releases import versions

Placed = Callable[[int], Mapping[str, Pods]]


def _released(at: int) -> Placed:
    return lambda position: {"payments": pods_of(2, "4.18.0" if position >= at else "4.17.2")}


def test_version_first_seen_shortly_before_the_onset_is_a_release() -> None:
    case = on(minutes(lambda _: shop(), 95, pods=_released(72)), incident(CHARGE, onset=80))

    found = versions(case, "payments").release

    assert found is not None
    assert (found.version, found.minute) == ("4.18.0", START + 72)


@pytest.mark.parametrize("at", [40, 85, 3])
def test_version_long_before_or_after_the_onset_or_at_the_start_of_the_data_is_none(at: int) -> None:
    onset = 20 if at == 3 else 80
    case = on(minutes(lambda _: shop(), 95, pods=_released(at)), incident(CHARGE, onset=onset))

    assert versions(case, "payments").release is None


def test_hours_with_versions_are_told_where_none_was_released() -> None:
    case = on(minutes(lambda _: shop(), 95, pods=lambda _: {"payments": pods_of(2)}), incident(CHARGE, onset=80))

    assert versions(case, "payments").hours_seen == pytest.approx(80 / 60)
    assert versions(case, "cart").hours_seen == 0.0


def test_old_and_new_version_are_compared_where_both_ran() -> None:
    def canary(position: int) -> Mapping[str, Pods]:
        if position < 75:
            return {"payments": pods_of(2, "1")}
        return {"payments": Pods((("pod-0", "1", 0.5, 1.0), ("pod-2", "2", 0.5, 4.0)))}

    case = on(minutes(after(80), 110, pods=canary), incident(CHARGE, onset=80))

    found = versions(case, "payments").release

    assert found is not None
    assert found.new_own_seconds == pytest.approx(4 * found.old_own_seconds, rel=0.05)
