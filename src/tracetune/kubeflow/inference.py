"""What a served model answers: tensors of series in, quantiles and scores out, by the same models as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from tracetune.anomalies.scores import departure
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting.learn import Normal

Tensors = Mapping[str, NDArray[Any]]
Cells = Float[NDArray[np.float64], "series minute"]

KEYS, START = "keys", "start_minute"
CALLS = str(Metric.CALLS)
"""Names of the input tensors; the others are metrics: ``calls``, ``latency_p50``, ``latency_p95``."""

MOST_CELLS = 20_000_000
"""Series times minutes of one request: 10,000 series of a day are 14 million, and take 2 GB to answer."""


MOST_MINUTES = 45_000
"""A month: models step through the minutes, so that few series of very many minutes take long too."""


def infer(normal: Normal, tensors: Tensors) -> dict[str, NDArray[np.float32]]:
    """Expected quantiles and scores of these series.

    Args:
        normal: what was learned.
        tensors: ``keys`` (series, 2), the service's name and the operation's; ``start_minute`` (1,), minutes since the Unix
            epoch; ``calls`` (series, minute); ``latency_p50`` and ``latency_p95`` likewise, in seconds. NaN is not observed.

    Returns:
        For each metric that was given and learned ``METRIC.quantiles`` (series, minute, quantile) in its unit, at the
        levels of ``domain.forecasts.QUANTILES``, and ``METRIC.score`` (series, minute): signed standard deviations from
        the median. NaN where the model does not know the series or the minutes before are too few.

    Raises:
        InvalidInput: a tensor is missing, has another shape, or holds what it cannot.
    """
    series = _series(tensors)
    given = [metric for metric in Metric if str(metric) in tensors]
    expected = normal.expect(series, horizon_minutes=1)
    answer: dict[str, NDArray[np.float32]] = {}
    for metric, forecast in expected.forecasts.items():
        if metric not in given:
            continue
        quantiles = forecast.values[:, : series.length]
        answer[f"{metric}.quantiles"] = quantiles.astype(np.float32)
        answer[f"{metric}.score"] = departure(metric, series[metric], quantiles).astype(np.float32)
    if not answer:
        raise InvalidInput(
            f"the model has learned none of {', '.join(map(str, given)) or 'nothing'}",
            hint=f"give some of: {', '.join(map(str, normal.models))}",
        )
    return answer


def _series(tensors: Tensors) -> SeriesBatch:
    if unknown := sorted(set(tensors) - {KEYS, START, *map(str, Metric)}):
        raise InvalidInput(f"no such input: {', '.join(unknown)}", hint=f"give {KEYS}, {START} and metrics")
    keys = _keys(tensors)
    calls = _cells(tensors, CALLS, (len(keys), -1))
    shape = (len(keys), calls.shape[1])
    if calls.shape[1] > MOST_MINUTES:
        said = f"{calls.shape[1]:,} minutes in one request are more than {MOST_MINUTES:,}"
        raise InvalidInput(said, hint="ask in parts")
    if calls.size > MOST_CELLS:
        raise InvalidInput(f"{calls.size:,} cells in one request are more than {MOST_CELLS:,}", hint="ask in parts")
    if (calls < 0).any():
        raise InvalidInput("calls holds negative numbers", hint="NaN says that a minute was not observed")
    metrics: dict[Metric, Cells] = {
        metric: _cells(tensors, str(metric), shape) if str(metric) in tensors else np.full(shape, np.nan)
        for metric in Metric
    }
    observed = np.asarray(~np.isnan(calls).all(axis=0), np.bool_)
    return SeriesBatch(keys, _start(tensors), metrics, observed, np.ones(len(keys)))


def _keys(tensors: Tensors) -> tuple[SeriesKey, ...]:
    names = _needed(tensors, KEYS)
    if names.ndim != 2 or names.shape[1] != 2 or not len(names):
        raise InvalidInput(f"{KEYS} has the shape {list(names.shape)}", hint="give [series, 2]: service and operation")
    keys = tuple(SeriesKey(_text(service), _text(operation)) for service, operation in names)
    if len(set(keys)) < len(keys):
        raise InvalidInput(f"{KEYS} names a series twice", hint="give each series once")
    return keys


def _text(value: object) -> str:
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{KEYS} holds bytes that are no UTF-8: {value!r}") from error


def _start(tensors: Tensors) -> int:
    start = _needed(tensors, START)
    if start.size != 1 or not np.issubdtype(start.dtype, np.integer):
        raise InvalidInput(f"{START} is {start.dtype} {list(start.shape)}", hint="give one whole number, INT64 [1]")
    return int(start.reshape(-1)[0])


def _cells(tensors: Tensors, name: str, shape: tuple[int, int]) -> Cells:
    """One metric as (series, minute); a minute count of -1 takes whatever there is."""
    found = _needed(tensors, name)
    wanted = (shape[0], found.shape[-1] if shape[1] < 0 and found.ndim else shape[1])
    if found.shape != wanted or not found.size:
        raise InvalidInput(f"{name} has the shape {list(found.shape)}", hint=f"give [series, minute] = {list(wanted)}")
    if found.dtype.kind not in "fiu":
        raise InvalidInput(f"{name} holds {found.dtype}", hint="give FP32 or FP64")
    if np.isinf(found).any():
        raise InvalidInput(f"{name} holds infinite numbers", hint="NaN says that a minute was not observed")
    return found.astype(np.float64)


def _needed(tensors: Tensors, name: str) -> NDArray[Any]:
    if name not in tensors:
        raise InvalidInput(f"the input {name} is missing", hint=f"give {KEYS}, {START} and {CALLS}, and latencies")
    return tensors[name]
