"""Lets the tests share one generator of series and one training: compiling the network takes seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tracetune.domain.series import Metric
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.training import LstmEstimator

ROOT = str(Path(__file__).resolve().parent.parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)


@pytest.fixture(scope="session")
def losses() -> list[tuple[int, int, float]]:
    """What the shared training told about its steps."""
    return []


@pytest.fixture(scope="session")
def estimator(losses: list[tuple[int, int, float]]) -> LstmEstimator:
    """A few steps are enough for everything but the quality of its forecasts."""
    return LstmEstimator(steps=25, progress=lambda *told: losses.append(told))


@pytest.fixture(scope="session")
def predictor(estimator: LstmEstimator) -> LstmPredictor:
    """The p95 network of ``estimator_checks.small``."""
    from tests.forecasting import estimator_checks as checks

    return estimator.fit(checks.small(), Metric.LATENCY_P95, seed=0)
