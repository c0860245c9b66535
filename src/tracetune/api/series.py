"""One metric of one operation as columns, reduced to what a chart can show."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from tracetune.api.schemas import Marked, ReleaseItem
from tracetune.api.services import releases, unknown_service
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER, Forecast
from tracetune.domain.series import Metric, SeriesKey
from tracetune.errors import InvalidInput, NotFound

Values = NDArray[np.float64]

METRICS = {
    ("latency", "p50"): (Metric.LATENCY_P50, "s"),
    ("latency", "p95"): (Metric.LATENCY_P95, "s"),
    ("self_time", "p50"): (Metric.SELF_TIME_P50, "s"),
    ("self_time", "p95"): (Metric.SELF_TIME_P95, "s"),
    ("calls", ""): (Metric.CALLS, "calls/min"),
    ("errors", ""): (Metric.ERROR_RATIO, "ratio"),
}
MOST_POINTS = 20_000
_SIGNIFICANT = 4


@dataclass(frozen=True, slots=True)
class Question:
    """Which series to draw: an empty ``span_name`` means the operation of greatest impact."""

    service_name: str
    span_name: str
    metric: str
    quantile: str
    points: int


def series(shown: Shown, window: Window, question: Question) -> bytes:
    """The answer as JSON, in the form of ``schemas.SeriesAnswer``.

    Raises:
        NotFound: no such service or operation.
        InvalidInput: no such metric.
    """
    return orjson.dumps(columns(shown, window, question), option=orjson.OPT_SERIALIZE_NUMPY)


def columns(shown: Shown, window: Window, question: Question) -> dict[str, object]:
    """The same with numpy arrays for columns."""
    metric, unit = _metric(question)
    row = _row(shown, question)
    key = shown.analysis.learned.series.keys[row]
    forecast = shown.analysis.learned.forecasts.get(metric)
    place = shown.forecast_rows.get(metric, {}).get(key)
    seen = shown.analysis.learned.series[metric][row]
    first = max(window.first, shown.held.first)
    last = _last(shown, window, forecast)
    measured = _stretch(seen, shown.held.first, first, last)
    band = None
    if forecast is not None and place is not None:
        band = np.stack([_stretch(forecast.values[place, :, q], forecast.start_minute, first, last) for q in _BAND])
    picked = _extremes(measured, question.points)
    model = forecast.verdicts[place].model if forecast is not None and place is not None else ""
    has_band = band is not None and bool(np.isfinite(band).any())
    return {
        "service_name": key.service_name,
        "span_name": key.span_name,
        "metric": question.metric,
        "quantile": question.quantile if unit == "s" else "",
        "unit": unit,
        "step_seconds": 60,
        "reduced": len(picked) < len(measured),
        "model": model,
        "why_no_band": "" if has_band else _why_no_band(shown, metric),
        "future_from": shown.held.last * 60.0,
        "time": (first + picked) * 60.0,
        "value": _rounded(measured[picked]),
        "lower": None if band is None or not has_band else _rounded(np.maximum(band[0, picked], 0.0)),
        "middle": None if band is None or not has_band else _rounded(np.maximum(band[1, picked], 0.0)),
        "upper": None if band is None or not has_band else _rounded(np.maximum(band[2, picked], 0.0)),
        "anomalies": _marked(shown, key, Window(first, last)),
        "releases": _releases(shown, key.service_name, window),
    }


_BAND = (LOWER, MIDDLE, UPPER)


def _metric(question: Question) -> tuple[Metric, str]:
    quantile = question.quantile if question.metric in ("latency", "self_time") else ""
    found = METRICS.get((question.metric, quantile))
    if found is None:
        said = f"{question.metric!r} with quantile {question.quantile!r}"
        raise InvalidInput(f"no metric {said}", hint="metric is latency, self_time, calls or errors; q is p50 or p95")
    return found


def _row(shown: Shown, question: Question) -> int:
    rows = shown.rows_of.get(question.service_name)
    if not rows:
        if question.service_name in shown.analysis.graph.services:
            raise NotFound(
                f"{question.service_name} sends no spans of its own, so it has no series",
                hint="its callers' calls to it are on the map and in their own series",
            )
        raise unknown_service(shown, question.service_name)
    if not question.span_name:
        return max(rows, key=lambda row: float(shown.weight[row]))
    row = shown.rows.get(SeriesKey(question.service_name, question.span_name))
    if row is None:
        names = ", ".join(shown.analysis.learned.series.keys[each].span_name for each in rows[:8])
        raise NotFound(
            f"{question.service_name} has no operation {question.span_name!r}", hint=f"its operations: {names}"
        )
    return row


def _last(shown: Shown, window: Window, forecast: Forecast | None) -> int:
    """The end of what is drawn: the future too, where the window reaches the newest minute."""
    if window.last < shown.held.last:
        return max(window.last, window.first)
    future = shown.held.last if forecast is None else forecast.start_minute + forecast.values.shape[1]
    asked = window.last if window.last > shown.held.last else math.inf
    return int(min(max(future, shown.held.last), asked))


def _why_no_band(shown: Shown, metric: Metric) -> str:
    if metric not in shown.analysis.learned.forecasts and shown.analysis.learned.forecasts:
        return "this metric is not forecast; errors are judged against their own usual share"
    limits = shown.analysis.learned.limits
    return limits[0] if limits else "too little history to say what is normal"


def _stretch(values: Values, start: int, first: int, last: int) -> Values:
    """The minutes ``[first, last)`` of values that begin at minute ``start``; NaN where they say nothing."""
    result = np.full(max(last - first, 0), np.nan)
    begin, end = max(first, start), min(last, start + len(values))
    if begin < end:
        result[begin - first : end - first] = values[begin - start : end - start]
    return result


def _extremes(values: Values, points: int) -> NDArray[np.int64]:
    """Positions of all minutes, or of the first, the highest and the lowest of each stretch where there are too many."""
    if len(values) <= points:
        return np.arange(len(values))
    per = max(-(-2 * len(values) // points), 2)
    rows = len(values) // per
    table = values[: rows * per].reshape(rows, per)
    missing = np.isnan(table)
    start = np.arange(rows) * per
    low = start + np.where(missing, np.inf, table).argmin(axis=1)
    high = start + np.where(missing, -np.inf, table).argmax(axis=1)
    gap = start[missing.any(axis=1)] + missing.argmax(axis=1)[missing.any(axis=1)]  # a gap stays a gap
    rest = np.arange(rows * per, len(values))
    return np.unique(np.concatenate([low, high, gap, rest, [0, len(values) - 1]]))


def _rounded(values: Values) -> Values:
    """Four significant digits: more than is shown, and half the characters."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = _SIGNIFICANT - 1 - np.floor(np.log10(np.abs(values)))
        scale = 10.0 ** np.nan_to_num(digits, posinf=0.0, neginf=0.0)
        return np.asarray(np.round(values * scale) / scale)


def _marked(shown: Shown, key: SeriesKey, window: Window) -> list[dict[str, object]]:
    found = [
        Marked(
            id=each.id,
            incident_id=incident.id,
            kind=each.kind,
            severity=each.severity,
            start=each.onset * 60.0,
            end=(each.end or shown.held.last) * 60.0,
        )
        for each, incident in shown.anomalies.values()
        if each.key == key and window.overlaps(each.onset, each.end)
    ]
    return [{name: getattr(each, name) for name in Marked.__struct_fields__} for each in found]


def _releases(shown: Shown, service_name: str, window: Window) -> list[dict[str, str]]:
    found = [each for each in releases(shown, window) if each.service_name == service_name]
    return [{name: getattr(each, name) for name in ReleaseItem.__struct_fields__} for each in found]
