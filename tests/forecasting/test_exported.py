"""The network of a set of models, taken out of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.errors import NotFound
from tracetune.forecasting.calibration import Widening
from tracetune.forecasting.exported import network
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.learn import Normal
from tracetune.forecasting.scaling import uncompared
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.windows import FEATURES


def test_network_comes_with_what_somebody_needs_to_feed_it(predictor: LstmPredictor) -> None:
    keys = checks.small().keys
    chosen = Chosen(
        predictor.metric, (predictor,), (Widening(),), keys, np.zeros(len(keys), np.int64), uncompared("x", len(keys))
    )

    weights, description = network(Normal({predictor.metric: chosen}, ()))

    assert weights is predictor.weights
    told = json.loads(json.dumps(description, allow_nan=False))
    assert told["features"] == list(FEATURES)
    assert len(told["series"]) == len(predictor.scales.keys)
    assert set(told["series"][0]) >= {"service_name", "span_name", "latency_p50", "latency_p95", "calls"}


def test_models_without_a_network_say_how_to_get_one() -> None:
    with pytest.raises(NotFound, match="hold no network") as error:
        network(Normal({}, ()))

    assert "--model lstm" in (error.value.hint or "")
