from __future__ import annotations

import numpy as np
from tests.forecasting.series_data import System

from tracetune.domain.series import Metric
from tracetune.forecasting.learn import baselines, learn, study


def test_latency_and_calls_are_forecast_an_hour_ahead() -> None:
    series = System(1, services=2).series(minutes=400)

    learned = learn(series, estimators=baselines(), seed=0)

    assert set(learned.forecasts) == {Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.CALLS}
    assert {each.values.shape for each in learned.forecasts.values()} == {(4, 460, 7)}
    assert all(np.isfinite(each.values[:, 400:]).all() for each in learned.forecasts.values())


def test_below_half_an_hour_nothing_is_normal_yet() -> None:
    learned = learn(System(1, services=2).series(minutes=29), estimators=baselines(), seed=0)

    assert learned.forecasts == {}
    assert learned.limits == (
        "29 minutes of traces are too short to say what is normal; 30 minutes are the least, a day is better.",
    )


def test_below_six_hours_only_the_trailing_median_speaks_and_says_so() -> None:
    learned = learn(System(1, services=2).series(minutes=120), estimators=baselines(), seed=0)

    assert {each.model for each in learned.forecasts[Metric.CALLS].verdicts} == {"trailing_median"}
    assert learned.limits[0].startswith(
        "120 minutes of traces: what is normal is said by the trailing median or the network"
    )


def test_quiet_operations_are_named_as_a_limit() -> None:
    learned = learn(
        System(1, services=2, least_calls=1.0, most_calls=4.0).series(minutes=60), estimators=baselines(), seed=0
    )

    assert learned.limits[-1].startswith("4 of 4 operations have fewer than 10 calls")


def test_no_operation_at_all_is_said() -> None:
    series = System(1, services=2).series(minutes=60).only([])

    learned = learn(series, estimators=baselines(), seed=0)

    assert learned.limits == ("There is no operation to learn from: no span is the entry of a service.",)


def test_what_was_learned_judges_later_minutes_and_keeps_its_limits() -> None:
    series = System(1, services=2).series(minutes=460)

    normal, learned = study(series.between(0, 400), estimators=baselines(), seed=0)
    later = normal.expect(series, horizon_minutes=5)

    assert later.limits == learned.limits
    assert {each.cutoff for each in later.forecasts.values()} == {460}
    for metric, forecast in learned.forecasts.items():
        np.testing.assert_array_equal(later.forecasts[metric].values[:, :400], forecast.values[:, :400])
