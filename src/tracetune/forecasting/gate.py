"""The gate: candidates are compared on held-back minutes, and the best one speaks for each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from tracetune.domain.forecasts import LOWER, QUANTILES, UPPER, Forecast, Verdict
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import NotEnoughData
from tracetune.forecasting import excursions as excursions_
from tracetune.forecasting.calibration import Widening, widening
from tracetune.ports import Estimator, Predictor

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]

HELD_BACK_SHARE = 0.2
MOST_HELD_BACK = 1440
"""A day is enough to compare on; of a long history more is left to learn from."""

CONTEXT_MINUTES = 4320
"""Three days are what the candidates remember of the time of day, but for a rest."""

AT_ONCE = 1000
"""Series whose forecasts are in memory together where none are to be kept: some 200 MB a candidate."""

LEAST_HELD_BACK = 10
"""A series with fewer comparable minutes than this gets the first candidate, and its verdict says so."""

LEAST_EVENT_SHARE = 0.95
"""A model that forecasts best may speak only if it shows at least this share of the best event F1: good forecasters of the
next minute follow an anomaly and hide it (docs/experiments/LOG.md), so the two are judged apart."""

EXCURSION_MINUTES, EXCURSION_EVIDENCE = 10, 5
"""Held-back minutes do not count where they left the band of every candidate in so many minutes of so many."""

MOST_EXCURSIONS = 0.4
"""If more of the minutes than this look like excursions, the models are wrong and not the minutes: all count."""

WORDS = {
    "lstm": "the LSTM",
    "trailing_median": "the trailing median",
    "levels": "the mean of levels over hours",
    "seasonal": "the same minute of earlier days",
    "holt_winters": "exponential smoothing",
    "regression": "the regression on load",
}


@dataclass(frozen=True, slots=True)
class _Trial:
    """A candidate on the held-back minutes, after calibration.

    Attributes:
        factors: by which its bands are widened to cover what they promise.
        loss: (series,), mean pinball loss in the metric's unit; NaN where nothing could be compared.
        coverage: (series,), share of the compared minutes inside the band.
    """

    factors: Widening
    loss: Float[Array, " series"]
    coverage: Float[Array, " series"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The candidates that could learn one metric, and which of them speaks for each series.

    Attributes:
        predictors: the simplest first, each with the factors that make its bands cover what they promise.
        keys, speakers, verdicts: (series,), the series that were compared and the position of the model that won.
    """

    metric: Metric
    predictors: tuple[Predictor, ...]
    factors: tuple[Widening, ...]
    keys: tuple[SeriesKey, ...]
    speakers: Int[Counts, " series"]
    verdicts: tuple[Verdict, ...]

    def speakers_of(self, keys: tuple[SeriesKey, ...]) -> Int[Counts, " series"]:
        """The position of the model that speaks for each of these series.

        For a series that did not exist then it is the network, where that won most series: one network knows what
        operations have in common. Else it is the first candidate.
        """
        place = {key: row for row, key in enumerate(self.keys)}
        speakers = np.append(self.speakers, self._newcomers_speaker())
        chosen: Counts = speakers[[place.get(key, len(self.keys)) for key in keys]]
        return chosen

    def expect(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        """What these models expect of any minutes: also of later ones, and of series that did not exist then."""
        raw = [each.predict(series, horizon_minutes=horizon_minutes).values for each in self.predictors]
        return self.spoken(series, raw)

    def spoken(self, series: SeriesBatch, raw: Sequence[Float[Array, "series minute quantile"]]) -> Forecast:
        """The forecast that the chosen models give, from what each of them forecast before its bands were widened."""
        speaker = self.speakers_of(series.keys)
        widened = np.stack([each.apply(self.metric, values) for each, values in zip(self.factors, raw, strict=True)])
        best = widened[speaker, np.arange(len(speaker))]
        values = np.where(np.isnan(best), widened[0], best)
        return Forecast(
            series.keys, self.metric, series.start_minute, series.length, values, self.verdicts_of(series.keys)
        )

    def verdicts_of(self, keys: tuple[SeriesKey, ...]) -> tuple[Verdict, ...]:
        """Why the model that speaks for each of these series may do so."""
        place = {key: row for row, key in enumerate(self.keys)}
        rows = [place.get(key) for key in keys]
        return tuple(self._newcomers_verdict() if row is None else self.verdicts[row] for row in rows)

    def _newcomers_speaker(self) -> int:
        network = next((at for at, each in enumerate(self.predictors) if each.name == "lstm"), 0)
        return network if (self.speakers == network).sum() * 2 >= len(self.speakers) else 0

    def _newcomers_verdict(self) -> Verdict:
        name = self.predictors[self._newcomers_speaker()].name
        reason = f"{WORDS.get(name, name)} speaks unproven: the series was not there when the models learned"
        return Verdict(name, {}, np.nan, reason)


def judged(
    series: SeriesBatch, metric: Metric, estimators: Sequence[Estimator], *, seed: int, horizon_minutes: int
) -> tuple[Chosen, Forecast]:
    """The best candidate for each series, and its forecast, with verdicts.

    The candidates are fitted on the first four fifths and compared by mean pinball loss on the rest, where each forecast
    sees the minutes before its own gap (a rolling origin) and none after it. The bands are calibrated on the same minutes,
    and the very model that was compared and calibrated speaks: one fitted again on all minutes would be neither. On a tie
    the earlier candidate wins: put the simpler ones first. Where the winner has no forecast (a seasonal model on the
    first day), the first candidate fills in.

    Raises:
        NotEnoughData: where no candidate can learn from so few minutes, with the first one's reason.
    """
    cut = first_held_back(series)
    names, predictors = _learned(series, cut, metric, estimators, seed)
    raw = [each.predict(series, horizon_minutes=horizon_minutes).values for each in predictors]
    trials, compared = _trials(series[metric][:, cut:], metric, [values[:, cut : series.length] for values in raw])
    shown = _shown(series, metric, cut, predictors, [trial.factors for trial in trials], seed)
    found = _elected(series.keys, metric, predictors, names, [(trials, compared)], shown)
    return found, found.spoken(series, raw)


def chosen(series: SeriesBatch, metric: Metric, estimators: Sequence[Estimator], *, seed: int) -> Chosen:
    """As ``judged`` chooses, with no forecast to keep: memory does not grow with the length or the number of series.

    Candidates follow the last CONTEXT_MINUTES before the held-back ones, AT_ONCE series at a time. The width of bands and
    the event F1, which are of all series together, are found on as many of them, evenly chosen.

    Raises:
        NotEnoughData: as in ``judged``.
    """
    cut = first_held_back(series)
    names, predictors = _learned(series, cut, metric, estimators, seed)
    recent, first = series.between(max(cut - CONTEXT_MINUTES, 0), series.length), min(cut, CONTEXT_MINUTES)

    def trials_of(part: SeriesBatch, factors: Sequence[Widening] | None) -> tuple[list[_Trial], Counts]:
        raw = [each.predict(part, horizon_minutes=0).values[:, first:].copy() for each in predictors]
        return _trials(part[metric][:, first:], metric, raw, factors)

    count = len(series.keys)
    sample = recent.only(np.linspace(0, count - 1, min(count, AT_ONCE)).astype(int).tolist())
    sampled = trials_of(sample, None)
    factors = [trial.factors for trial in sampled[0]]
    parts = [sampled]
    if count > AT_ONCE:
        rows = [range(at, min(at + AT_ONCE, count)) for at in range(0, count, AT_ONCE)]
        parts = [trials_of(recent.only(each), factors) for each in rows]
    shown = _shown(sample, metric, first, predictors, factors, seed)
    return _elected(series.keys, metric, predictors, names, parts, shown)


def first_held_back(series: SeriesBatch) -> int:
    """The first minute that is held back."""
    share = min(int(HELD_BACK_SHARE * series.length), MOST_HELD_BACK)
    return max(series.length - max(share, LEAST_HELD_BACK), 0)


def _learned(
    series: SeriesBatch, cut: int, metric: Metric, estimators: Sequence[Estimator], seed: int
) -> tuple[list[str], tuple[Predictor, ...]]:
    """The candidates that could learn from what is not held back, by name."""
    fitted, reason = _fitted(series.between(0, cut), metric, estimators, seed)
    if not fitted:  # too short to hold anything back: the first candidate that can speak does, unproven
        fitted, reason = _fitted(series, metric, estimators[:1], seed)
    if not fitted:
        raise reason or ValueError("no candidate was given")
    return list(fitted), tuple(fitted.values())


def _elected(
    keys: tuple[SeriesKey, ...],
    metric: Metric,
    predictors: tuple[Predictor, ...],
    names: list[str],
    parts: Sequence[tuple[list[_Trial], Counts]],
    shown: list[float],
) -> Chosen:
    """Who speaks for each series, from the trials of parts of them, in order."""
    speakers, verdicts, by_name = [], [], dict(zip(names, shown, strict=False))
    for trials, compared in parts:
        winners = _choose(np.stack([trial.loss for trial in trials], axis=1), _trusted(shown))
        speakers.append(winners)
        verdicts += [
            replace(_verdict(names, trials, row, int(winner), int(compared[row])), event_f1=by_name)
            for row, winner in enumerate(winners)
        ]
    factors = tuple(trial.factors for trial in parts[0][0])
    return Chosen(metric, predictors, factors, keys, np.concatenate(speakers), tuple(verdicts))


def pinball_loss(
    values: Float[Array, "series minute"], quantiles: Float[Array, "series minute quantile"]
) -> Float[Array, "series minute"]:
    """Mean over QUANTILES of the pinball loss of each minute, in the metric's unit; NaN where either is NaN.

    Source: Koenker, Bassett, Regression Quantiles (1978): max(q (y - f), (q - 1) (y - f)).
    """
    levels = np.array(QUANTILES)
    error = values[:, :, None] - quantiles
    loss: Array = np.maximum(levels * error, (levels - 1.0) * error).mean(axis=2)
    return loss


def excursions(
    values: Float[Array, "series minute"], quantiles: Float[Array, "series minute quantile"]
) -> Bool[Mask, "series minute"]:
    """Minutes of a stretch of EXCURSION_MINUTES of which EXCURSION_EVIDENCE lie outside the band."""
    with np.errstate(invalid="ignore"):
        outside: Mask = np.asarray((values < quantiles[:, :, LOWER]) | (values > quantiles[:, :, UPPER]))
    total = np.cumsum(np.pad(outside, ((0, 0), (EXCURSION_MINUTES, EXCURSION_MINUTES - 1))).astype(np.int64), axis=1)
    inside_any = np.zeros(values.shape, np.bool_)
    length = values.shape[1]
    stretch = total[:, EXCURSION_MINUTES:] - total[:, :-EXCURSION_MINUTES] >= EXCURSION_EVIDENCE
    for shift in range(EXCURSION_MINUTES):  # stretch[:, s] ends at minute s; minute m is in those that end at m … m + 9
        inside_any |= stretch[:, shift : shift + length]
    return inside_any


def _fitted(
    series: SeriesBatch, metric: Metric, estimators: Sequence[Estimator], seed: int
) -> tuple[dict[str, Predictor], NotEnoughData | None]:
    """The candidates that could learn, by name, and the first reason of one that could not."""
    fitted: dict[str, Predictor] = {}
    reasons: list[NotEnoughData] = []
    for estimator in estimators:
        try:
            fitted[estimator.name] = estimator.fit(series, metric, seed=seed)
        except NotEnoughData as reason:
            reasons.append(reason)
    return fitted, reasons[0] if reasons else None


def _trials(
    seen: Float[Array, "series minute"],
    metric: Metric,
    raw: Sequence[Float[Array, "series minute quantile"]],
    factors: Sequence[Widening] | None = None,
) -> tuple[list[_Trial], Int[Counts, " series"]]:
    """Each candidate's trial on the held-back minutes, and the number of minutes of each series that were compared.

    The factors are found on these minutes where none are given.
    """
    usable = np.stack([np.isfinite(quantiles).any(axis=(1, 2)) for quantiles in raw])  # (candidate, series)
    counted: Mask = np.isfinite(seen) & _clean(seen, raw)
    trials = []
    # A candidate without any forecast for a series does not take part there; it must not stop the others' comparison.
    for quantiles, here in zip(raw, usable, strict=True):
        counted &= np.isfinite(quantiles[:, :, LOWER]) | ~here[:, None]
    # Only for the width: a model's own long misses are excursions or its failures, and neither is noise.
    factors = factors or [widening(metric, seen, each, counted & _clean(seen, [each])) for each in raw]
    for quantiles, widened in zip(raw, factors, strict=True):
        calibrated = widened.apply(metric, quantiles)
        inside = (seen >= calibrated[:, :, LOWER]) & (seen <= calibrated[:, :, UPPER])
        loss = pinball_loss(seen, calibrated)
        valid = counted & np.isfinite(loss)
        trials.append(_Trial(widened, _mean(loss, valid), _mean(inside.astype(np.float64), valid)))
    return trials, counted.sum(axis=1)


def _clean(
    seen: Float[Array, "series minute"], raw: Sequence[Float[Array, "series minute quantile"]]
) -> Bool[Mask, "series minute"]:
    """Minutes that are no excursion from every candidate's band; all of them if excursions are the rule."""
    away = np.isfinite(seen)
    for quantiles in raw:
        away &= excursions(seen, quantiles) | np.isnan(quantiles[:, :, LOWER])  # who says nothing does not object
    return ~away if raw and away.mean() <= MOST_EXCURSIONS else np.ones(seen.shape, np.bool_)


def _shown(
    series: SeriesBatch,
    metric: Metric,
    first: int,
    predictors: Sequence[Predictor],
    factors: Sequence[Widening],
    seed: int,
) -> list[float]:
    """Event F1 of each candidate; empty where nobody competes, or where there is no room for excursions."""
    made = excursions_.make(series, metric, first, seed=seed) if len(predictors) > 1 else None
    if made is None:
        return []
    found = []
    for predictor, widened in zip(predictors, factors, strict=True):
        calm, changed = (
            widened.apply(metric, predictor.predict(each, horizon_minutes=0).values)
            for each in (made.calm, made.changed)
        )
        found.append(excursions_.event_f1(made, metric, calm, changed, first))
    return found


def _trusted(shown: Sequence[float]) -> Bool[Mask, " candidate"] | None:
    return np.array(shown) >= LEAST_EVENT_SHARE * max(shown) if shown else None


def _choose(loss: Float[Array, "series candidate"], trusted: Bool[Mask, " candidate"] | None) -> Int[Counts, " series"]:
    """The least loss among the trusted that were compared; among all where none of those was."""
    known = np.isfinite(loss)
    allowed = known if trusted is None else known & trusted
    allowed = np.where(allowed.any(axis=1, keepdims=True), allowed, known)
    best: Counts = np.argmin(np.where(allowed, loss, np.inf), axis=1)
    return best


def _mean(values: Float[Array, "series minute"], where: Bool[Mask, "series minute"]) -> Float[Array, " series"]:
    count = where.sum(axis=1)
    total = np.where(where, values, 0.0).sum(axis=1)
    return np.where(count >= LEAST_HELD_BACK, total / np.maximum(count, 1), np.nan)


def _verdict(names: Sequence[str], trials: Sequence[_Trial], row: int, winner: int, minutes: int) -> Verdict:
    loss = {name: float(trial.loss[row]) for name, trial in zip(names, trials, strict=True)}
    compared = {name: value for name, value in loss.items() if np.isfinite(value)}
    name = names[winner]
    others = {other: value for other, value in compared.items() if other != name}
    if name not in compared:
        reason = f"{WORDS.get(name, name)} speaks unproven: only {minutes} minutes could be held back to compare"
    elif not others:
        reason = f"{WORDS.get(name, name)} is the only model that can speak ({minutes} held-back minutes)"
    else:
        runner_up = min(others, key=others.__getitem__)
        better = 1.0 - compared[name] / others[runner_up] if others[runner_up] else 0.0
        if better < 0.0:
            reason = f"{WORDS.get(runner_up, runner_up)} forecasts better, but hides excursions that this model shows"
            return Verdict(name, compared, float(trials[winner].coverage[row]), reason)
        reason = f"beats {WORDS.get(runner_up, runner_up)} by {better:.0%} on {minutes} held-back minutes".replace(
            "%", " %"
        )
    return Verdict(name, compared, float(trials[winner].coverage[row]), reason)
