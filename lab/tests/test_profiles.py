"""Rates and arrivals: profiles mean what they say, and a seed fixes every arrival."""

from __future__ import annotations

import pytest

from tracetune_lab.errors import InvalidTopologyError
from tracetune_lab.profiles import Change, Profile, arrivals

MIX = {"GET /a": 0.75, "GET /b": 0.25}


@pytest.mark.parametrize(
    ("profile", "at_seconds", "rate"),
    [
        (Profile("constant", 5), 30, 5),
        (Profile("ramp", 2, 6), 50, 4),
        (Profile("step", 2, 6, from_seconds=40), 39, 2),
        (Profile("step", 2, 6, from_seconds=40), 40, 6),
        (Profile("surge", 2, 6, from_seconds=40, to_seconds=60), 60, 2),
        (Profile("replay", rates_rps=[1, 2, 3], replay_step_seconds=10), 45, 2),
        (Profile("diurnal", 1, 9, day_seconds=100), 0, 1),
    ],
)
def test_rate_of_a_profile_at_a_moment(profile: Profile, at_seconds: float, rate: float) -> None:
    assert profile.rate(at_seconds, 100) == pytest.approx(rate)


def test_diurnal_profile_stays_between_base_and_peak_and_repeats_each_day() -> None:
    profile = Profile("diurnal", 1, 9, day_seconds=100)

    rates = [profile.rate(at, 300) for at in range(300)]

    assert min(rates) >= 1
    assert 8.8 < max(rates) <= 9
    assert rates[:100] == pytest.approx(rates[100:200])


def test_same_seed_gives_the_same_arrivals_and_another_seed_does_not() -> None:
    profile = Profile("constant", 5)

    assert arrivals(profile, MIX, 60, seed=1) == arrivals(profile, MIX, 60, seed=1)
    assert arrivals(profile, MIX, 60, seed=1) != arrivals(profile, MIX, 60, seed=2)


def test_arrivals_follow_the_rate_and_the_mix() -> None:
    found = arrivals(Profile("ramp", 0, 40), MIX, 200, seed=3)

    late = [arrival for arrival in found if arrival.at_seconds > 100]
    assert len(found) == pytest.approx(4000, rel=0.06)
    assert len(late) / len(found) == pytest.approx(0.75, abs=0.03)
    assert sum(arrival.operation == "GET /b" for arrival in found) / len(found) == pytest.approx(0.25, abs=0.03)


def test_planned_change_multiplies_the_rate_and_replaces_the_mix_only_while_it_lasts() -> None:
    change = Change(50, 100, factor=4, mix={"GET /b": 1})

    found = arrivals(Profile("constant", 10), MIX, 150, seed=4, changes=[change])

    inside = [arrival for arrival in found if 50 <= arrival.at_seconds < 100]
    assert len(inside) / (len(found) - len(inside)) == pytest.approx(2, rel=0.15)
    assert {arrival.operation for arrival in inside} == {"GET /b"}
    assert "GET /a" in {arrival.operation for arrival in found if arrival.at_seconds >= 100}


def test_load_without_end_is_refused() -> None:
    with pytest.raises(InvalidTopologyError, match="more than 400000 requests"):
        arrivals(Profile("constant", 1000), MIX, 86400, seed=1)
