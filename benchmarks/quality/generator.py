"""Generated histories whose truth is known: events found on seeds that were never looked at, and the ablations beside.

Protocol of the study that came before: 14 days to learn from, with few unlabelled incidents; 4 days to judge. An alert that
starts in a normal minute is false; minutes after an event, after a deploy and inside a surge are neither. Recall at 0.05
false alarms a series-day takes the threshold by an oracle, equal for all models; the budget's threshold does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quality.calibrations import before, calibrations
from quality.events import Truth, at_false_alarms, best_f1, outcome
from quality.volume import vus_pr
from tracetune.anomalies.rules import LASTING, QUICK
from tracetune.anomalies.seen import Seen
from tracetune.anomalies.signals import LATENCY, Signals
from tracetune.domain.analysis import Learned
from tracetune.domain.forecasts import Forecast
from tracetune.domain.series import Metric
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.network import LstmEstimator
from tracetune.forecasting.trailing import TrailingMedianEstimator
from tracetune.ports import Estimator
from tracetune.testing.history import History, make_history
from tracetune.testing.incidents import SLOW, IncidentKind

FALSE_ALARMS = 0.05
BUDGET = 0.1
"""False alarms a series-day that the calibrated thresholds may raise."""

LASTING_PER_QUICK = 2.5
"""Evidence of the lasting rule that counts like 1 of the quick one; chosen on development seeds."""

CALIBRATION_MINUTES, CONTEXT_MINUTES = 2880, 4320
RECOVERY_MINUTES = 30
CLASSES = {"under 10 calls a minute": 0.0, "10 to 100": 10.0, "over 100": 100.0}

Array = NDArray[np.float64]


def measure(seed: int, cache: Path) -> dict[str, Any]:
    """Every figure of one seed; each model's are computed once and then read from ``cache``."""
    models: dict[str, Estimator] = {
        "trailing median": TrailingMedianEstimator(),
        "Holt-Winters": HoltWintersEstimator(),
        "LSTM": LstmEstimator(),
    }
    return {name: measure_model(seed, name, model, cache) for name, model in models.items()}


def measure_model(seed: int, name: str, model: Estimator, cache: Path) -> dict[str, Any]:
    """Every figure of one model on one seed."""
    kept = cache / f"generator-{seed}-{name.replace(' ', '-')}.json"
    if kept.is_file():
        found: dict[str, Any] = json.loads(kept.read_text())
        return found
    history = make_history(seed)
    result = _judge(history, _signals(history, history.series.between(0, history.test_from), model))
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result, indent=1))
    return result


def summary(seeds: tuple[int, ...], cache: Path) -> dict[str, Any]:
    """Means over the seeds, by model and rule, and each seed's figures."""
    by_seed = {str(seed): measure(seed, cache) for seed in seeds}
    models = next(iter(by_seed.values()))
    means = {
        model: {rule: _means([each[model][rule] for each in by_seed.values()]) for rule in rules}
        for model, rules in models.items()
    }
    return {"seeds": list(seeds), "volume_seeds": list(seeds), "means": means, "by_seed": by_seed}


def _signals(history: History, train: Any, estimator: Estimator) -> Signals:  # noqa: ANN401 - a SeriesBatch
    first = history.test_from - CALIBRATION_MINUTES
    context = history.series.between(first - CONTEXT_MINUTES, history.series.length)
    forecasts: Mapping[Metric, Forecast] = {
        metric: estimator.fit(train, metric, seed=0).predict(context, horizon_minutes=0)
        for metric in (Metric.LATENCY_P50, Metric.LATENCY_P95)
    }
    learned = Learned(context, forecasts, ()).between(CONTEXT_MINUTES, context.length)
    every = replace(learned.series, observed=np.ones(learned.series.length, np.bool_))  # keeps truth and scores aligned
    return Signals.of(Seen.of(replace(learned, series=every)))


def _judge(history: History, signals: Signals) -> dict[str, dict[str, Any]]:
    truth = truth_of(history)
    quick, lasting = (signals.gathered[LATENCY, rule] for rule in (QUICK, LASTING))
    count = len(history.series.keys)
    levels = before(signals, CALIBRATION_MINUTES).thresholds(7.0 * BUDGET * count).of(signals.keys)
    rules = {
        "one minute": signals.departed,
        "5 of 10": quick,
        "5 of 10 and lasting": np.fmax(quick, lasting / LASTING_PER_QUICK),
        "5 of 10, own scales": quick / levels[LATENCY, QUICK][:, None],
        "three rules, own scales": signals.score(LATENCY, levels),
    }
    found: dict[str, dict[str, Any]] = {
        name: _figures(history, scores[:, CALIBRATION_MINUTES:], truth) for name, scores in rules.items()
    }
    by_budget = outcome(signals.score(LATENCY, levels)[:, CALIBRATION_MINUTES:], truth, 1.0)
    found["calibrated"] = {
        "false alarms a series-day": by_budget.false_a_day,
        "recall": by_budget.recall,
        "delay": by_budget.delay_minutes,
    }
    found["calibrations"] = calibrations(signals, CALIBRATION_MINUTES, truth)
    return found


def _figures(history: History, scores: Array, truth: Truth) -> dict[str, float]:
    reached = at_false_alarms(scores, truth, FALSE_ALARMS)
    rate = np.nanmean(history.series[Metric.CALLS], axis=1)
    kind = np.digitize(rate, list(CLASSES.values())[1:])[[row for row, _, _ in truth.segments()]]
    by_class = {name: float(reached.found[kind == at].mean()) for at, name in enumerate(CLASSES) if (kind == at).any()}
    return {
        "F1": best_f1(scores, truth),
        "recall": reached.recall,
        "delay": reached.delay_minutes,
        "VUS-PR": _volume(scores, truth),
        **{f"recall {name}": by_class.get(name, float("nan")) for name in CLASSES},
    }


def _volume(scores: Array, truth: Truth) -> float:
    """The mean over the series that have events."""
    rows = np.flatnonzero((truth.event > 0).any(axis=1))
    return float(np.mean([vus_pr(scores[row], truth.event[row] > 0) for row in rows]))


def truth_of(history: History) -> Truth:
    """What is to be found on the test days, and where an alert is false."""
    days = slice(history.test_from, None)
    anything = history.incident[:, days] > 0
    total = np.cumsum(np.pad(anything.astype(np.int32), ((0, 0), (RECOVERY_MINUTES + 1, 0))), axis=1)
    near = total[:, RECOVERY_MINUTES + 1 :] > total[:, : -RECOVERY_MINUTES - 1]
    slow = history.happening(*SLOW)[:, days]
    normal = ~near & ~history.deployed[:, days] & ~history.happening(IncidentKind.SURGE)[:, days]
    return Truth(np.where(slow, history.incident[:, days], 0).astype(np.int64), normal)


def _means(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Of every figure, however deep it lies."""
    return {
        name: _means([each[name] for each in found])
        if isinstance(first, dict)
        else _mean([each[name] for each in found])
        for name, first in found[0].items()
    }


def _mean(values: list[float]) -> float:
    known = [each for each in values if np.isfinite(each)]
    return float(np.mean(known)) if known else float("nan")
