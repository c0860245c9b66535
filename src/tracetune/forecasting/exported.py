"""The trained network of a set of models, and what somebody needs to know to feed it elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from tracetune.domain.forecasts import QUANTILES
from tracetune.errors import NotFound
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.learn import Normal
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.windows import FEATURES, GAP_MINUTES, LATENCIES


def network(normal: Normal) -> tuple[Weights, dict[str, Any]]:
    """The weights, and a description that can be written as JSON.

    The description gives the inputs in their order, the gap between the newest latency among them and the minute that is
    forecast, the outputs' levels, and for each series where it lies: ``location`` and ``scale`` of the logarithm of its
    latency in seconds, by metric, and of ``ln(1 + calls)``. Outputs are on that scale: seconds are
    ``exp(location + scale * quantile)``.

    Raises:
        NotFound: the models hold no network, because there was too little to train one or baselines were asked for.
    """
    predictors = (each for chosen in normal.models.values() for each in chosen.predictors)
    found = next((each for each in predictors if isinstance(each, LstmPredictor)), None)
    if found is None:
        raise NotFound("these models hold no network", hint="train with --model lstm on six hours of traces or more")
    scales = found.scales
    series = [
        {
            "service_name": key.service_name,
            "span_name": key.span_name,
            **{
                str(metric): {"location": _number(scales.location[at, row]), "scale": _number(scales.scale[at, row])}
                for at, metric in enumerate(LATENCIES)
            },
            "calls": {"location": _number(scales.calls_location[row]), "scale": _number(scales.calls_scale[row])},
        }
        for row, key in enumerate(scales.keys)
    ]
    description = {
        "features": list(FEATURES),
        "gap_minutes": GAP_MINUTES,
        "quantiles": list(QUANTILES),
        "hidden": len(found.weights.recurrent),
        "knows_clock": scales.knows_clock,
        "series": series,
    }
    return found.weights, description


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
