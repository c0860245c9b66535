"""Every estimator keeps the contracts of ports.Estimator and ports.Predictor."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tracetune.domain.series import Metric, SeriesBatch
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.keras_backend import can_train
from tracetune.ports import Estimator
from tracetune.testing.checks import ESTIMATOR
from tracetune.testing.series import random_series

SLOW = {"lstm": pytest.mark.slow}  # Keras alone takes seconds to load
EVERY = [
    pytest.param(metric, estimator, id=f"{metric}-{estimator.name}", marks=SLOW.get(estimator.name, ()))
    for metric, estimators in candidates(steps=3).items()
    for estimator in estimators
]


@pytest.fixture(scope="module")
def series() -> SeriesBatch:
    return random_series(1, minutes=2160)  # a day and a half: the seasonal model needs more than one day


@pytest.mark.parametrize(("metric", "estimator"), EVERY)
@pytest.mark.parametrize("rule", ESTIMATOR, ids=lambda rule: rule.__name__)
def test_estimator_keeps_the_rule(
    series: SeriesBatch,
    metric: Metric,
    estimator: Estimator,
    rule: Callable[[Estimator, SeriesBatch, Metric], None],
) -> None:
    rule(estimator, series, metric)


def test_network_is_among_them_or_cannot_be_trained_here() -> None:
    names = {estimator.name for estimators in candidates(network=True).values() for estimator in estimators}

    assert "lstm" in names
    if not can_train():
        pytest.skip("the network's rules were not tried: install tracetune[learn]")
