"""How much longer the tail of each service gets at the load to come: from the same traces, run at both loads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracetune.domain.whatif import Ask
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.predict import run
from tracetune.tuning.whatifs.allocate import Plan
from tracetune.tuning.whatifs.whatif import asked

LEAST_CALLS = 200
"""A service with fewer calls in a run shows no tail."""

_REQUESTS = 4000
_QUANTILE = 0.99


def stretch(model: Model, rate: float, plan: Plan) -> dict[str, float]:
    """For each service, its calls' 99th percentile at ``rate`` traces a second over that at the load seen; at least 1.

    At the load to come the planned replicas are there where there are more than now; fewer are not assumed. Both runs meet
    the same traces. Where the plan does not meet its objectives, nothing is said: the tail has no end there.
    """
    if not plan.meets or not model.load.reference:
        return {}
    more = {
        station.service_name: count
        for station in model.stations
        if (count := plan.replicas.get(station.service_name, 0)) > station.replicas > 0
    }
    now = _tails(model, model.load.reference, {})
    then = _tails(model, max(rate, model.load.reference), more)
    return {name: max(1.0, then[name] / now[name]) for name in now if name in then and now[name] > 0}


def _tails(model: Model, rate: float, replicas: Mapping[str, int]) -> dict[str, float]:
    stations = asked(model, model.best, Ask(1.0, replicas))
    found = run(model, stations, rate, _REQUESTS, 1, resample=False)
    return {
        name: float(np.quantile(took, _QUANTILE))
        for name, took in zip(model.services, found.of_service, strict=True)
        if len(took) >= LEAST_CALLS
    }
