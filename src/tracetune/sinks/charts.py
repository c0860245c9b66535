"""What is drawn over time: the series of operations, their distributions, own time and releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Anomaly
from tracetune.domain.forecasts import LOWER, MIDDLE, UPPER, Forecast
from tracetune.domain.histograms import ZERO_BUCKET
from tracetune.domain.minutes import column, group_rows, histograms, labels
from tracetune.domain.series import Metric, SeriesKey
from tracetune.sinks.columns import Column, linear, logarithmic, short
from tracetune.sinks.document import Distribution, OperationSeries, OwnTime, Release

MOST_SERIES = 7
"""Operations with a chart of their own; each costs about 28 kB of the report for a day."""

MOST_POINTS = 1500
"""Points of a series before it is reduced; a day with an hour of forecast."""

MOST_BINS = 96
STACKED_SERVICES = 5  # in the own-time chart; the eye cannot tell more tints of one colour apart
LATENCIES = ((Metric.LATENCY_P95, "p95"), (Metric.LATENCY_P50, "p50"))

Values = NDArray[np.float64]


def operation_series(analysis: Analysis) -> list[OperationSeries]:
    """The operations worth a chart: those of incidents, then what users call, the greatest calls times p95 first."""
    series = analysis.learned.series
    anomalies = [anomaly for incident in analysis.incidents for anomaly in incident.anomalies]
    news = list(dict.fromkeys(anomaly.key for anomaly in anomalies))
    entries = [ranking.entry for ranking in analysis.rankings.values() if ranking.entry]
    weight = np.nansum(series[Metric.CALLS] * np.nan_to_num(series[Metric.LATENCY_P95]), axis=1)
    order = sorted(range(len(series.keys)), key=lambda row: (series.root_share[row] < 0.5, -weight[row]))
    roots = [series.keys[row] for row in order if series.root_share[row] >= 0.5]
    wanted = [*roots[: MOST_SERIES // 2], *entries, *news, *(series.keys[row] for row in order)]
    known = {key: row for row, key in enumerate(series.keys)}
    chosen = [key for key in dict.fromkeys(wanted) if key in known][:MOST_SERIES]
    urgent = {key: position for position, key in enumerate(dict.fromkeys([*entries, *news]))}
    chosen.sort(key=lambda key: (urgent.get(key, len(urgent)), -weight[known[key]]))
    return [_Drawing(analysis, known[key], [a for a in anomalies if a.key == key]).series() for key in chosen]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One operation's row in the series and in the forecasts."""

    analysis: Analysis
    row: int
    anomalies: Sequence[Anomaly]

    def series(self) -> OperationSeries:
        learned = self.analysis.learned
        key = learned.series.keys[self.row]
        seen = learned.series.length
        length = drawn_minutes(self.analysis)
        metric = {name: _stretch(learned.series[name][self.row], length) for name in Metric}
        band_metric, band_name = next((pair for pair in LATENCIES if self._has(pair[0])), (None, ""))
        band = self._band(band_metric, length)
        calls_band = self._band(Metric.CALLS, length)
        points = _extremes([metric[name][:seen] for name in _SHOWN], length)
        pick = np.ix_(points)
        errors = metric[Metric.ERROR_RATIO][pick]
        latencies = [metric[Metric.LATENCY_P50], metric[Metric.LATENCY_P95]]
        return OperationSeries(
            service_name=key.service_name,
            span_name=key.span_name,
            is_root=bool(learned.series.root_share[self.row] >= 0.5),
            minutes=[] if len(points) == length else np.diff(points, prepend=0).tolist(),
            p50=logarithmic(latencies[0][pick]),
            p95=logarithmic(latencies[1][pick]),
            band=band_name,
            lower=_optional(band, LOWER, pick, log=True),
            middle=_optional(band, MIDDLE, pick, log=True),
            upper=_optional(band, UPPER, pick, log=True),
            calls=linear(metric[Metric.CALLS][pick]),
            calls_lower=_optional(calls_band, LOWER, pick),
            calls_upper=_optional(calls_band, UPPER, pick),
            error_ratio=linear(errors) if np.nansum(errors) > 0 else None,
            distribution=_distribution(self.analysis, key, self.anomalies),
            own_time=_own_time(self.analysis, key),
        )

    def _has(self, metric: Metric) -> bool:
        forecast = self.analysis.learned.forecasts.get(metric)
        return (
            forecast is not None and _place(forecast, self.analysis.learned.series.keys[self.row], self.row) is not None
        )

    def _band(self, metric: Metric | None, length: int) -> Values | None:
        if metric is None or not self._has(metric):
            return None
        return on_grid(self.analysis, self.analysis.learned.forecasts[metric], self.row, length)


_SHOWN = (Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.CALLS, Metric.ERROR_RATIO)


def drawn_minutes(analysis: Analysis) -> int:
    """Minutes on the time axis: those seen and those forecast."""
    series = analysis.learned.series
    ends = [f.start_minute + f.values.shape[1] - series.start_minute for f in analysis.learned.forecasts.values()]
    return max(series.length, *ends) if ends else series.length


def releases(analysis: Analysis) -> list[Release]:
    """Versions that a service did not begin with, at the minute they were first seen."""
    table = analysis.ingested.minutes.instances
    rows, group = group_rows(table, ["service_name", "service_version"])
    earliest = np.full(len(rows), np.iinfo(np.int64).max)
    np.minimum.at(earliest, group, column(table, "minute").astype(np.int64))
    service, service_names = labels(table, "service_name")
    version, version_names = labels(table, "service_version")
    first = {
        (service_names[service[row]], version_names[version[row]]): at
        for row, at in zip(rows.tolist(), earliest.tolist(), strict=True)
    }
    beginning: dict[str, int] = {}
    for (name, _), minute in first.items():
        beginning[name] = min(minute, beginning.get(name, minute))
    found = [Release(at, *pair) for pair, at in first.items() if pair[1] and at > beginning[pair[0]]]
    return sorted(found, key=lambda release: (release.minute, release.service_name))


def on_grid(analysis: Analysis, forecast: Forecast, row: int, length: int) -> Values | None:
    """One series' quantiles on the series' own grid, (minute, quantile)."""
    series = analysis.learned.series
    place = _place(forecast, series.keys[row], row)
    if place is None:
        return None
    values = forecast.values[place]
    result = np.full((length, values.shape[1]), np.nan)
    shift = forecast.start_minute - series.start_minute
    first, last = max(shift, 0), min(shift + len(values), length)
    result[first:last] = values[first - shift : last - shift]
    return result


def _place(forecast: Forecast, key: SeriesKey, row: int) -> int | None:
    """The row of an operation in a forecast, which nearly always is its row in the series; None where it has none."""
    if row < len(forecast.keys) and forecast.keys[row] == key:
        return row
    return forecast.keys.index(key) if key in forecast.keys else None


def _extremes(columns: Sequence[Values], length: int) -> NDArray[np.int64]:
    """Positions of all minutes, or of each stretch's highest and lowest of every column where there are too many."""
    if length <= MOST_POINTS:
        return np.arange(length)
    per_stretch = -(-length * 2 * len(columns) // MOST_POINTS)
    chosen = {0, length - 1}
    for first in range(0, length, per_stretch):
        chosen.add(first)
        for values in columns:
            part = values[first : first + per_stretch]
            if len(part) and not np.isnan(part).all():
                chosen.update((first + int(np.nanargmin(part)), first + int(np.nanargmax(part))))
    return np.array(sorted(chosen))


def _stretch(values: Values, length: int) -> Values:
    return np.concatenate([values, np.full(length - len(values), np.nan)])


def _optional(
    band: Values | None, level: int, pick: tuple[NDArray[np.int64], ...], *, log: bool = False
) -> Column | None:
    if band is None:
        return None
    values = np.maximum(band[:, level][pick], 0.0)
    return logarithmic(values) if log else linear(values)


def _distribution(analysis: Analysis, key: SeriesKey, anomalies: Sequence[Anomaly]) -> Distribution:
    table = analysis.ingested.minutes.operations
    service, services = labels(table, "service_name")
    name, names = labels(table, "span_name")
    wanted = (
        (service == _index(services, key.service_name))
        & (name == _index(names, key.span_name))
        & table["is_entry"].to_numpy(zero_copy_only=False)
    )
    minutes = column(table, "minute")
    unusual = np.zeros(len(table), np.bool_)
    for anomaly in anomalies:
        unusual |= (minutes >= anomaly.onset) & (minutes < (anomaly.end or np.iinfo(np.int32).max))
    group = np.where(wanted, unusual.astype(np.int64), 2)
    added = histograms(table, "duration").add_up(group, 3)
    rows, real = added.rows(), added.buckets != ZERO_BUCKET
    real &= rows < 2
    if not real.any():
        return Distribution(0, [], [])
    coarse = added.buckets[real].astype(np.int64) >> 1  # scale 4 to scale 3: eight bins a doubling
    first = int(coarse.min())
    counts = np.zeros((2, int(coarse.max()) - first + 1), np.int64)
    np.add.at(counts, (rows[real], coarse - first), added.counts[real].astype(np.int64))
    return Distribution(first, counts[0].tolist(), counts[1].tolist())


def _own_time(analysis: Analysis, key: SeriesKey) -> OwnTime | None:
    table = analysis.ingested.minutes.paths
    series = analysis.learned.series
    entry, entries = labels(table, "entry_service")
    entry_name, entry_names = labels(table, "entry_name")
    rows = (entry == _index(entries, key.service_name)) & (entry_name == _index(entry_names, key.span_name))
    if not rows.any():
        return None
    service, services = labels(table, "service_name")
    name, names = labels(table, "span_name")
    per_bin = -(-series.length // MOST_BINS)
    bins = -(-series.length // per_bin)
    at = (column(table, "minute")[rows] - series.start_minute) // per_bin
    seconds = np.zeros((len(services), bins))
    np.add.at(seconds, (service[rows], at), column(table, "critical_path_nano")[rows] / 1e9)
    itself = (service[rows] == _index(services, key.service_name)) & (name[rows] == _index(names, key.span_name))
    traces = np.bincount(at[itself], weights=column(table, "traces")[rows][itself], minlength=bins)
    order = [row for row in np.argsort(-seconds.sum(axis=1), kind="stable").tolist() if seconds[row].any()]
    shown, rest = order[:STACKED_SERVICES], order[STACKED_SERVICES:]
    stacked = [seconds[row] for row in shown] + ([seconds[rest].sum(axis=0)] if rest else [])
    means = [np.where(traces > 0, part / np.maximum(traces, 1), np.nan) for part in stacked]
    totals = [short(part.sum() / max(traces.sum(), 1.0)) for part in stacked]
    return OwnTime(per_bin, [services[row] for row in shown] + [""] * bool(rest), [linear(m) for m in means], totals)


def _index(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else -1
