"""How an incident spread: a strip a service, by the strongest of median, p95 and errors in each cell of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Anomaly, AnomalyKind
from tracetune.domain.forecasts import LOWER, UPPER
from tracetune.domain.series import Metric
from tracetune.sinks.charts import on_grid
from tracetune.sinks.document import Spread

MOST_CELLS = 288
MOST_ROWS = 24
HEAT_BOUNDS = (0.2, 0.5, 1.0, 2.0)
"""Band-widths above the band, mean over a cell, at which the levels 1 to 4 begin. One noisy minute of five stays level 0."""

LEAST_OF_ERRORS = HEAT_BOUNDS[2]
"""Errors have no band to measure in: where an anomaly was found they are well above, and more in proportion to their bound."""

LETTERS = {Metric.LATENCY_P50: "m", Metric.LATENCY_P95: "p", Metric.ERROR_RATIO: "e"}
"""How a cell names the number that departed most; of equal ones the first."""

Values = NDArray[np.float64]


def spread(analysis: Analysis) -> Spread | None:
    """The strips; None without a latency forecast. Services of incidents first, by onset, then those with most heat."""
    series, forecasts = analysis.learned.series, analysis.learned.forecasts
    if not series.length or not forecasts.keys() & LETTERS.keys():
        return None
    rows_of: dict[str, list[int]] = {}
    for row, key in enumerate(series.keys):
        rows_of.setdefault(key.service_name, []).append(row)
    per_cell = -(-series.length // MOST_CELLS)
    anomalies = [anomaly for incident in analysis.incidents for anomaly in incident.anomalies]
    by_metric = {name: _departures(analysis, rows, anomalies, per_cell) for name, rows in rows_of.items()}
    heat = {name: np.fmax.reduce(list(found.values())) for name, found in by_metric.items()}
    onset = {anomaly.key.service_name: anomaly.onset for anomaly in sorted(anomalies, key=lambda a: -a.onset)}
    last_minute = series.start_minute + series.length
    names = sorted(heat, key=lambda name: (onset.get(name, last_minute), -np.nansum(heat[name]), name))[:MOST_ROWS]
    return Spread(
        per_cell,
        names,
        [_digits(heat[name]) for name in names],
        [_letters(heat[name], by_metric[name]) for name in names],
    )


def _departures(
    analysis: Analysis, rows: Sequence[int], anomalies: Sequence[Anomaly], per_cell: int
) -> Mapping[Metric, Values]:
    """One service's departures, (cell,) each, of every number that is judged."""
    latencies = [metric for metric in LETTERS if metric in analysis.learned.forecasts]
    found = {metric: _cells(_excess(analysis, metric, rows), per_cell) for metric in latencies}
    found[Metric.ERROR_RATIO] = _cells(_failing(analysis, rows, anomalies), per_cell)
    return found


def _excess(analysis: Analysis, metric: Metric, rows: Sequence[int]) -> Values:
    """Band-widths above the band, (minute,), of the worst operation that carries at least 5 % of its service's calls."""
    series = analysis.learned.series
    calls = np.nansum(series[Metric.CALLS][rows], axis=1)
    worst = np.full(series.length, np.nan)
    for row, count in zip(rows, calls, strict=True):
        band = on_grid(analysis, analysis.learned.forecasts[metric], row, series.length)
        if band is None or count < 0.05 * calls.sum():
            continue
        width = np.maximum(band[:, UPPER] - band[:, LOWER], 1e-9)
        worst = np.fmax(worst, np.maximum((series[metric][row] - band[:, UPPER]) / width, 0.0))
    return worst


def _failing(analysis: Analysis, rows: Sequence[int], anomalies: Sequence[Anomaly]) -> Values:
    """Errors beyond what an anomaly of errors expected, over the room from none to there, (minute,); NaN elsewhere."""
    series = analysis.learned.series
    worst = np.full(series.length, np.nan)
    keys = {series.keys[row]: row for row in rows}
    for anomaly in anomalies:
        if anomaly.kind is not AnomalyKind.ERRORS or anomaly.key not in keys:
            continue
        end = anomaly.end if anomaly.end is not None else series.start_minute + series.length
        during = slice(max(anomaly.onset - series.start_minute, 0), max(end - series.start_minute, 0))
        ratio = series[Metric.ERROR_RATIO][keys[anomaly.key]][during]
        beyond = (ratio - anomaly.expected_upper) / max(anomaly.expected_upper, 1e-9)
        worst[during] = np.fmax(worst[during], np.where(np.isnan(ratio), np.nan, np.maximum(beyond, LEAST_OF_ERRORS)))
    return worst


def _cells(values: Values, per_cell: int) -> Values:
    cells = -(-len(values) // per_cell)
    padded = np.full(cells * per_cell, np.nan)
    padded[: len(values)] = values
    table = padded.reshape(cells, per_cell)
    seen = (~np.isnan(table)).sum(axis=1)
    return np.where(seen, np.nansum(table, axis=1) / np.maximum(seen, 1), np.nan)


def _digits(cells: Values) -> str:
    levels = np.digitize(np.nan_to_num(cells), HEAT_BOUNDS)
    return "".join(" " if np.isnan(cell) else str(level) for cell, level in zip(cells, levels, strict=True))


def _letters(cells: Values, by_metric: Mapping[Metric, Values]) -> str:
    """For each cell above its range which number departed most; "" where none is."""
    hot = np.nan_to_num(cells) >= HEAT_BOUNDS[0]
    if not hot.any():
        return ""
    strongest = np.argmax([np.nan_to_num(by_metric.get(metric, np.zeros(len(cells)))) for metric in LETTERS], axis=0)
    names = list(LETTERS.values())
    return "".join(names[at] if is_hot else " " for at, is_hot in zip(strongest, hot, strict=True))
