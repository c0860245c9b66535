"""Lets the tests share one generator of series and one training: compiling the network takes seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tracetune.domain.series import Metric
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.training import Course, Step, train

ROOT = str(Path(__file__).resolve().parent.parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)


@pytest.fixture(scope="session")
def told() -> list[Step]:
    """What the shared training told about its steps."""
    return []


@pytest.fixture(scope="session")
def predictor(told: list[Step]) -> LstmPredictor:
    """The p95 network of ``estimator_checks.small``; a few steps are enough for everything but good forecasts."""
    from tests.forecasting import estimator_checks as checks

    return LstmPredictor(*train(checks.small(), Course(0, 25, progress=told.append)), Metric.LATENCY_P95)
