"""What was learned, and how far it was followed, on disk: everything that another process needs to score the next minute."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracetune.domain.forecasts import Verdict
from tracetune.domain.series import Metric, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting import archive, weights
from tracetune.forecasting.calibration import Widening
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.holt_winters import HoltWintersPredictor
from tracetune.forecasting.learn import Normal
from tracetune.forecasting.levels import LevelsPredictor
from tracetune.forecasting.online import OnlineForecaster
from tracetune.forecasting.regression import RegressionPredictor
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.seasonal import SeasonalPredictor
from tracetune.forecasting.trailing import TrailingMedianPredictor
from tracetune.forecasting.windows import LATENCIES, Scales
from tracetune.ports import Predictor

FORMAT = 1
MOST_MODEL_BYTES = 256 * 1024**2
MOST_STATE_BYTES = 8 * 1024**3
"""A state holds a day of every series: 10,000 operations take 1 GB."""

Floored = TrailingMedianPredictor | LevelsPredictor | SeasonalPredictor | HoltWintersPredictor | RegressionPredictor
_FLOORED: dict[str, type[Floored]] = {
    "trailing_median": TrailingMedianPredictor,
    "levels": LevelsPredictor,
    "seasonal": SeasonalPredictor,
    "holt_winters": HoltWintersPredictor,
    "regression": RegressionPredictor,
}
_NETWORK = "lstm"
_SCALES = ("location", "scale", "calls_location", "calls_scale")
_WHAT, _HINT = "learned models", "learn again, or give a file that tracetune saved"
_STATE, _STATE_HINT = "followed state of these models", "follow the stored minutes again"


def save(path: Path, normal: Normal, about: Mapping[str, Any]) -> None:
    """Write all models of ``normal`` into one file, with facts about their making; replaces a file as a whole."""
    networks: list[Weights] = []
    arrays: archive.Arrays = {}
    metrics = {metric: _packed(chosen, networks, arrays) for metric, chosen in normal.models.items()}
    packed = [weights.packed(each) for each in networks]
    for at, (_, parts) in enumerate(packed):
        arrays |= {f"network.{at}.{name}": values for name, values in parts.items()}
    metadata = {
        "format": FORMAT,
        "about": dict(about),
        "limits": normal.limits,
        "networks": [facts for facts, _ in packed],
        "metrics": metrics,
    }
    archive.write(path, metadata, arrays)


def load(path: Path) -> tuple[Normal, Mapping[str, Any]]:
    """The models and the facts about their making; a stranger's file can be wrong, but it cannot run anything.

    Raises:
        InvalidInput: where it holds no models of this format, with what is wrong.
    """
    metadata, arrays = archive.read(path, most_bytes=MOST_MODEL_BYTES, what=_WHAT, hint=_HINT)
    try:
        _check_format(metadata, f"{path} holds {_WHAT}", _HINT)
        networks = [
            weights.unpacked(facts, _under(f"network.{at}", arrays)) for at, facts in enumerate(metadata["networks"])
        ]
        models = {
            Metric(name): _chosen(Metric(name), facts, networks, arrays) for name, facts in metadata["metrics"].items()
        }
        return Normal(models, tuple(str(each) for each in metadata["limits"])), dict(metadata["about"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} holds no {_WHAT}: {error}", hint=_HINT) from error


def save_state(path: Path, online: OnlineForecaster) -> None:
    """Write how far the models were followed; with the models, another process goes on at the next minute."""
    facts, arrays = online.state()
    archive.write(path, {"format": FORMAT, **facts}, arrays)


def load_state(path: Path, normal: Normal) -> OnlineForecaster:
    """The forecaster that ``save_state`` wrote, on the models that it followed.

    Raises:
        InvalidInput: where the file holds no state, or one of other models.
    """
    facts, arrays = archive.read(path, most_bytes=MOST_STATE_BYTES, what=_STATE, hint=_STATE_HINT)
    try:
        _check_format(facts, f"{path} holds a {_STATE}", _STATE_HINT)
        return OnlineForecaster.restored(normal, facts, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} holds no {_STATE}: {error}", hint=_STATE_HINT) from error


def _check_format(facts: Mapping[str, Any], what: str, hint: str) -> None:
    if isinstance(facts["format"], int) and facts["format"] > FORMAT:
        raise InvalidInput(
            f"{what} of a newer tracetune: their format is {facts['format']}, and this one reads {FORMAT}",
            hint=f"upgrade tracetune; or {hint}",
        )
    if facts["format"] != FORMAT:
        raise ValueError(f"its format is {facts['format']!r}, not {FORMAT}")


def _packed(chosen: Chosen, networks: list[Weights], arrays: archive.Arrays) -> dict[str, Any]:
    arrays[f"{chosen.metric}.speakers"] = chosen.speakers
    return {
        "keys": chosen.keys,
        "predictors": [
            _packed_predictor(each, f"{chosen.metric}.{at}", chosen.keys, networks, arrays)
            for at, each in enumerate(chosen.predictors)
        ],
        "factors": [(each.below, each.above) for each in chosen.factors],
        "verdicts": [
            (
                each.model,
                each.pinball_loss,
                each.coverage if math.isfinite(each.coverage) else None,
                each.reason,
                each.event_f1,
            )
            for each in chosen.verdicts
        ],
    }


def _packed_predictor(
    predictor: Predictor,
    prefix: str,
    keys: tuple[SeriesKey, ...],
    networks: list[Weights],
    arrays: archive.Arrays,
) -> dict[str, Any]:
    if isinstance(predictor, LstmPredictor):
        at = next((at for at, each in enumerate(networks) if each is predictor.weights), len(networks))
        if at == len(networks):
            networks.append(predictor.weights)
        arrays |= {f"{prefix}.{name}": getattr(predictor.scales, name) for name in _SCALES}
        return {
            "name": predictor.name,
            "network": at,
            "keys": predictor.scales.keys,
            "knows_clock": predictor.scales.knows_clock,
        }
    if not isinstance(predictor, Floored):
        raise TypeError(f"{predictor.name} cannot be saved: its type is not known here")
    arrays[f"{prefix}.floors"] = np.array([predictor.floors[key] for key in keys])
    return {"name": predictor.name}


def _chosen(metric: Metric, facts: Mapping[str, Any], networks: list[Weights], arrays: archive.Arrays) -> Chosen:
    keys = _keys(facts["keys"])
    predictors = tuple(
        _predictor(each, metric, keys, networks, _under(f"{metric}.{at}", arrays))
        for at, each in enumerate(facts["predictors"])
    )
    factors = tuple(Widening(float(below), float(above)) for below, above in facts["factors"])
    verdicts = tuple(
        Verdict(str(model), _by_name(losses), _number(coverage), str(reason), _by_name(found))
        for model, losses, coverage, reason, found in facts["verdicts"]
    )
    speakers = np.asarray(arrays[f"{metric}.speakers"], np.int64)
    if not (len(keys) == len(verdicts) == len(speakers) and 0 < len(predictors) == len(factors)):
        raise ValueError(f"the parts of {metric} do not belong together")
    if len(speakers) and not 0 <= speakers.min() <= speakers.max() < len(predictors):
        raise ValueError(f"a speaker of {metric} is not among its models")
    return Chosen(metric, predictors, factors, keys, speakers, verdicts)


def _predictor(
    facts: Mapping[str, Any],
    metric: Metric,
    keys: tuple[SeriesKey, ...],
    networks: list[Weights],
    arrays: archive.Arrays,
) -> Predictor:
    name = str(facts["name"])
    if name != _NETWORK:
        floors = _sized(arrays["floors"], (len(keys),))
        return _FLOORED[name](metric, dict(zip(keys, floors.tolist(), strict=True)))
    if metric not in LATENCIES:
        raise ValueError(f"a network for {metric}, which is no latency")
    own = _keys(facts["keys"])
    shapes = {each: (len(own),) if each.startswith("calls") else (len(LATENCIES), len(own)) for each in _SCALES}
    parts = {each: _sized(arrays[each], shape) for each, shape in shapes.items()}
    scales = Scales(keys=own, knows_clock=bool(facts["knows_clock"]), **parts)
    return LstmPredictor(networks[int(facts["network"])], scales, metric)


def _under(prefix: str, arrays: archive.Arrays) -> archive.Arrays:
    return {name.removeprefix(f"{prefix}."): each for name, each in arrays.items() if name.startswith(f"{prefix}.")}


def _sized(values: Any, shape: tuple[int, ...]) -> Any:  # noqa: ANN401 - an array from a file
    if values.shape != shape:
        raise ValueError(f"an array is {values.shape}, not {shape}")
    return np.asarray(values, np.float64)


def _keys(pairs: Any) -> tuple[SeriesKey, ...]:  # noqa: ANN401 - parsed JSON
    return tuple(SeriesKey(str(service), str(span)) for service, span in pairs)


def _by_name(values: Mapping[str, float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items()}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
