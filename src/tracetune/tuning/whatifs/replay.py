"""A history lived again under several ways of choosing replicas: minutes over the objective, and replica-hours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import QUANTILES
from tracetune.domain.series import Metric
from tracetune.domain.whatif import Ask, Played
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.observed import Floats
from tracetune.tuning.queues.predict import quantiles, run
from tracetune.tuning.whatifs.allocate import allocate, can_plan
from tracetune.tuning.whatifs.hpa import SYNC_SECONDS, Autoscaler, Behaviour
from tracetune.tuning.whatifs.whatif import asked

_STEP = 1.15
"""Loads are rounded up to powers of this, so that few plans and runs are needed."""

_FULL = 0.97
_REQUESTS = 2000
_COUNTED = 0.95
"""Of the requests of a run; the first ones are its warm-up."""

_ENDLESS = 2.0
_CALM_MINUTES = 10
"""Replicas are given up only after so many minutes in which fewer were enough: advice does not flap."""

_LEAST_TRACES = 40
_MINUTES_AN_HOUR = 60


@dataclass
class _World:
    """The model as the plant: what p99 is over its objective at a load with some replicas; remembered."""

    model: Model
    objectives: Mapping[int, float]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        self._runs: dict[tuple[int, tuple[int, ...]], tuple[float, list[float]]] = {}
        self._plans: dict[int, tuple[int, ...]] = {}

    def bucket(self, rate: float) -> int:
        return math.ceil(math.log(max(rate, 1e-3)) / math.log(_STEP) - 1e-9)

    def is_lost(self, rate: float, counts: tuple[int, ...]) -> bool:
        return self._known(rate, counts)[0] > 1

    def flying(self, rate: float, counts: tuple[int, ...]) -> list[float]:
        """Requests in flight over the slots of each planned service, those that wait too; 2 where a queue has no end."""
        return self._known(rate, counts)[1]

    def _known(self, rate: float, counts: tuple[int, ...]) -> tuple[float, list[float]]:
        key = self.bucket(rate), counts
        if key not in self._runs:
            self._runs[key] = self._run(_STEP ** key[0], counts)
        return self._runs[key]

    def plan(self, rate: float) -> tuple[int, ...]:
        key = self.bucket(rate)
        if key not in self._plans:
            found = allocate(self.model, _STEP**key, self.objectives).replicas
            self._plans[key] = tuple(found[name] for name in self.names)
        return self._plans[key]

    def use(self, rate: float, counts: Sequence[int]) -> list[float]:
        """Of the slots of each planned service."""
        result = []
        for name, count in zip(self.names, counts, strict=True):
            place = self.model.services.index(name)
            station = self.model.stations[place]
            calls = rate * self.model.calls_per_trace[place]
            result.append(station.busy_share * station.replicas * calls / station.calls_per_second / count)
        return result

    def _run(self, rate: float, counts: tuple[int, ...]) -> tuple[float, list[float]]:
        use = self.use(rate, counts)
        if max(use) > _FULL:
            return math.inf, [_ENDLESS if share > _FULL else share for share in use]
        stations = asked(self.model, self.model.best, Ask(1.0, dict(zip(self.names, counts, strict=True))))
        outcome = run(self.model, stations, rate, _REQUESTS, 1, resample=False)
        tails = [quantiles(values)[2] if len(values) >= _LEAST_TRACES else math.nan for values in outcome.of_endpoint]
        over = [tails[place] / limit for place, limit in self.objectives.items() if not math.isnan(tails[place])]
        seconds = _REQUESTS / rate
        flying = []
        for name, count in zip(self.names, counts, strict=True):
            place = self.model.services.index(name)
            slots = count * self.model.stations[place].slots
            flying.append(float(outcome.of_service[place].sum()) / _COUNTED / seconds / slots)
        return max(over, default=0.0), flying


def history(model: Model, learned: Learned) -> tuple[Floats, Floats]:
    """Traces a second in every observed minute, and the 90th percentile that was forecast of it, (minute,) each.

    From the calls of the service that most traces begin with; NaN where nothing was forecast.
    """
    service = model.endpoints[0][0]
    share = 60 * max(float(model.calls_per_trace[model.services.index(service)]), 1e-9)
    keys = [key.service_name == service for key in learned.series.keys]
    calls = np.nansum(learned.series[Metric.CALLS][keys], axis=0)
    observed = np.flatnonzero(learned.series.observed)
    forecast = learned.forecasts.get(Metric.CALLS)
    expected = np.full(len(calls), np.nan)
    if forecast is not None:
        rows = [row for row, key in enumerate(forecast.keys) if key.service_name == service]
        p90 = forecast.values[rows, : forecast.cutoff, QUANTILES.index(0.9)]
        known = np.asarray(~np.isnan(p90).all(axis=0))
        expected[: p90.shape[1]][known] = np.nansum(p90[:, known], axis=0)
    return calls[observed] / share, expected[observed] / share


def play(model: Model, loads: Floats, forecast: Floats, objectives: Mapping[int, float]) -> tuple[Played, ...]:
    """Live through minutes of load (minute,) in traces a second, under each way of choosing replicas.

    - the advice: the plan for the larger of the load now and the 90th percentile of its forecast (minute,); up at once,
      down after ten calm minutes;
    - an HPA at 80 % of the slots for each service, every 15 seconds;
    - KEDA on requests in flight, at 80 % of the true slots, which hands them to the same algorithm;
    - all replicas by the load over that of the sample, up at once, down after ten calm minutes;
    - the replicas as they are;
    - an oracle that plans each minute for its true load.

    New replicas serve from the next minute on. Only services whose queues are known are scaled, and counted.
    """
    names = tuple(station.service_name for station in model.stations if can_plan(station))
    if not names or not len(loads):
        return ()
    world = _World(model, objectives, names)
    present = tuple(station.replicas for station in model.stations if station.service_name in names)
    ways = {
        "advice": _advice(world, loads, forecast, present),
        # CPU cannot be used by more than all slots, however long the queue; requests in flight can.
        "HPA 80 %": _autoscaled(
            loads, present, lambda rate, counts: [min(share, 1.0) for share in world.use(rate, counts)]
        ),
        "KEDA, in flight": _autoscaled(loads, present, world.flying),
        "scale all": _scaled_alike(loads, present, model.load.reference),
        "present": [present] * len(loads),
        "oracle": [world.plan(rate) for rate in loads],
    }
    return tuple(
        Played(
            way,
            sum(world.is_lost(rate, counts) for rate, counts in zip(loads, chosen, strict=True)),
            float(np.sum(chosen)) / _MINUTES_AN_HOUR,
            sum(one != other for one, other in zip(chosen[1:], chosen[:-1], strict=True)),
        )
        for way, chosen in ways.items()
    )


def _advice(world: _World, loads: Floats, forecast: Floats, present: tuple[int, ...]) -> list[tuple[int, ...]]:
    expected = np.where(np.isfinite(forecast), forecast, 0.0)
    return _calmly([world.plan(float(rate)) for rate in np.maximum(loads, expected)], present)


def _scaled_alike(loads: Floats, present: tuple[int, ...], reference: float) -> list[tuple[int, ...]]:
    wanted = [tuple(max(1, math.ceil(count * rate / reference - 1e-9)) for count in present) for rate in loads]
    return _calmly(wanted, present)


def _calmly(wanted: Sequence[tuple[int, ...]], present: tuple[int, ...]) -> list[tuple[int, ...]]:
    """What is there in each minute: more from the next one on, fewer after ten minutes in which fewer were enough."""
    current, chosen = present, []
    for minute in range(len(wanted)):
        chosen.append(current)
        lately = np.max(wanted[max(0, minute + 1 - _CALM_MINUTES) : minute + 1], axis=0)
        calm = minute + 1 >= _CALM_MINUTES
        current = tuple(int(most) if most > now or calm else now for most, now in zip(lately, current, strict=True))
    return chosen


def _autoscaled(
    loads: Floats, present: tuple[int, ...], metric: Callable[[float, tuple[int, ...]], Sequence[float]]
) -> list[tuple[int, ...]]:
    """Kubernetes' algorithm for each service on a share of its slots, (rate, replicas) to (service,)."""
    autoscalers = [Autoscaler(Behaviour()) for _ in present]
    current, chosen = present, []
    steps = int(60 / SYNC_SECONDS)
    for minute, rate in enumerate(loads):
        chosen.append(current)
        for step in range(steps):
            now = 60.0 * minute + SYNC_SECONDS * step
            used = metric(float(rate), current)
            current = tuple(
                one.step(now, count, share) for one, count, share in zip(autoscalers, current, used, strict=True)
            )
    return chosen
