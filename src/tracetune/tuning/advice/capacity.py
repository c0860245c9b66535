"""How each service used its replicas over the minutes seen, and the load it is forecast to get."""

from __future__ import annotations

import math

import numpy as np

from tracetune.domain.advice import Capacity
from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import QUANTILES
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesKey
from tracetune.tuning.advice.demand import Demand, demands, peak
from tracetune.tuning.advice.soon import soon_calls_per_second

P90 = QUANTILES.index(0.9)

COVERED_SHARE = 0.8
"""The least share of a service's calls that must have a forecast; what is left out is scaled up."""


def capacities(minutes: MinuteBatch, learned: Learned) -> tuple[Capacity, ...]:
    """What is known of every service that answers calls, the one with the most requests in flight first.

    Requests in flight are measured by Little's law (busy time a second), not sampled. The forecast load is the highest
    of the horizon's minutes at its 90th percentile, summed over the service's operations: a little more than the 90th
    percentile of the sum, on the safe side.
    """
    observed = learned.series.start_minute + np.flatnonzero(learned.series.observed)
    found = [_capacity(demand, learned) for demand in demands(minutes, observed).values()]
    return tuple(sorted(found, key=lambda capacity: (-capacity.busy_mean, capacity.service_name)))


def _capacity(demand: Demand, learned: Learned) -> Capacity:
    return Capacity(
        demand.service_name,
        demand.median_replicas,
        peak(demand.calls) / 60,
        float(demand.in_flight.mean()) if len(demand.in_flight) else 0.0,
        peak(demand.in_flight),
        demand.concurrency_peak,
        _forecast_calls_per_second(demand.service_name, learned),
        soon_calls_per_second(demand.service_name, learned),
    )


def _forecast_calls_per_second(service_name: str, learned: Learned) -> float:
    forecast = learned.forecasts.get(Metric.CALLS)
    if forecast is None or forecast.values.shape[1] <= forecast.cutoff:
        return math.nan
    rows = [row for row, key in enumerate(forecast.keys) if key.service_name == service_name]
    ahead = forecast.values[rows, forecast.cutoff :, P90]  # (series, minute)
    spoken = ~np.isnan(ahead).all(axis=1)
    keys = {forecast.keys[rows[index]] for index in np.flatnonzero(spoken)}
    covered = _share_of_calls(keys, learned, service_name)
    if covered < COVERED_SHARE:
        return math.nan
    return float(np.nansum(ahead[spoken], axis=0).max()) / covered / 60


def _share_of_calls(keys: set[SeriesKey], learned: Learned, service_name: str) -> float:
    """The share of the service's calls that these operations had, 0 to 1."""
    calls = np.nansum(learned.series[Metric.CALLS], axis=1)
    own = {key: calls[row] for row, key in enumerate(learned.series.keys) if key.service_name == service_name}
    total = sum(own.values())
    return float(sum(own.get(key, 0.0) for key in keys) / total) if total else 0.0
