"""What a seeded day of a shop is said to have been: when it went wrong, the forecasts, incidents, causes and advice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking, Contribution
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.quality import Finding
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey

START = 29_700_000 - 29_700_000 % 1440  # a midnight, UTC
SLOW = (822, 870)  # 13:42 release, slow from 13:44
RELEASE = 820
SURGE = (1140, 1172)
FAILING = (545, 557)
LOST = (300, 310)
HORIZON = 60
NORMAL_QUANTILE = (-2.326, -1.282, -0.674, 0.0, 0.674, 1.282, 2.326)  # of QUANTILES, for a log-normal band


def forecasts(series: SeriesBatch) -> dict[Metric, Forecast]:
    """A band around the smoothed normal course: half an hour's median of what was seen outside the faults."""
    return {metric: _forecast(series, metric) for metric in (Metric.LATENCY_P95, Metric.CALLS)}


def _forecast(series: SeriesBatch, metric: Metric) -> Forecast:
    values = np.array(series[metric])
    length = series.length
    for first, last in (SLOW, SURGE, FAILING):
        values[:, first:last] = np.nan
    at = np.arange(length)
    middle = np.empty((len(values), length + HORIZON))
    spread = np.empty(len(values))
    for row, line in enumerate(values):
        good = ~np.isnan(line)
        wave = 2 * np.pi * np.arange(length + HORIZON) / 1440
        waves = [np.cos(wave), np.sin(wave), np.cos(2 * wave)] if length >= 1440 else []
        design = np.stack([np.ones_like(wave), *waves], axis=1)
        logs = np.log(np.maximum(line[good], 1e-4 if metric is not Metric.CALLS else 0.5))
        fit = np.linalg.lstsq(design[at[good]], logs, rcond=None)[0]
        middle[row] = design @ fit
        spread[row] = np.std(logs - design[at[good]] @ fit)
    spread_now = np.repeat(spread[:, None], length + HORIZON, axis=1)
    spread_now[:, length:] *= 1 + 0.4 * np.arange(HORIZON) / HORIZON
    levels = np.asarray(NORMAL_QUANTILE)
    quantiles = np.exp(middle[:, :, None] + spread_now[:, :, None] * levels)
    quantiles[:, :30] = np.nan  # nothing could be expected of the first half hour yet
    verdicts = tuple(
        Verdict(
            "lstm" if row % 4 else "trailing_median",
            {"lstm": 0.0031 + row / 1e4, "trailing_median": 0.0036, "seasonal": 0.0052},
            0.979 - row / 500,
            "beats the trailing median by 14 % on 144 held-back minutes" if row % 4 else "the LSTM did not beat it",
        )
        for row in range(len(values))
    )
    assert quantiles.shape[2] == len(QUANTILES)
    return Forecast(series.keys, metric, series.start_minute, length, quantiles, verdicts)


def incidents(
    series: SeriesBatch, forecasts: Mapping[Metric, Forecast], minutes: int, suffix: str
) -> tuple[tuple[Incident, ...], dict[str, CauseRanking]]:
    if minutes < 1440:
        return (), {}

    def anomaly(number: int, key: SeriesKey, kind: AnomalyKind, severity: Severity, when: tuple[int, int]) -> Anomaly:
        metric = {
            AnomalyKind.SLOWER: Metric.LATENCY_P95,
            AnomalyKind.LOAD: Metric.LATENCY_P95,
            AnomalyKind.SURGE: Metric.CALLS,
            AnomalyKind.ERRORS: Metric.ERROR_RATIO,
        }[kind]
        row = series.keys.index(key)
        observed = float(np.nanmedian(series[metric][row, when[0] : when[1]]))
        lower, middle, upper = 0.0, 0.0, 0.012
        if metric in forecasts:
            lower, middle, upper = np.median(forecasts[metric].values[row, when[0] : when[1]], axis=0)[
                [0, 3, 6]
            ].tolist()
        number_of = "p95" if metric is Metric.LATENCY_P95 else metric.value
        why = f"{number_of} {observed:.3g}, expected {lower:.3g} to {upper:.3g} for {when[1] - when[0]} minutes."
        calls = int(np.nansum(series[Metric.CALLS][row, when[0] : when[1]]))
        return Anomaly(
            id=f"a-{number:06x}",
            key=key,
            kind=kind,
            severity=severity,
            onset=START + when[0],
            end=START + when[1],
            score=max(1.2, (observed - middle) / max(upper - middle, 1e-9)),
            observed=observed,
            expected_lower=lower,
            expected=middle,
            expected_upper=upper,
            calls=calls,
            why=why,
        )

    authorize = SeriesKey(f"payments{suffix}", "Authorize")
    order = SeriesKey(f"checkout{suffix}", "PlaceOrder")
    checkout = SeriesKey(f"frontend{suffix}", "POST /checkout")
    home = SeriesKey(f"frontend{suffix}", "GET /")
    quote = SeriesKey(f"shipping{suffix}", "Quote")
    slow = (
        anomaly(1, authorize, AnomalyKind.SLOWER, Severity.CRITICAL, SLOW),
        anomaly(2, order, AnomalyKind.SLOWER, Severity.CRITICAL, (SLOW[0] + 1, SLOW[1])),
        anomaly(3, checkout, AnomalyKind.SLOWER, Severity.WARNING, (SLOW[0] + 2, SLOW[1])),
    )
    surge = (
        anomaly(4, home, AnomalyKind.SURGE, Severity.WARNING, SURGE),
        anomaly(5, home, AnomalyKind.LOAD, Severity.MINOR, (SURGE[0] + 2, SURGE[1])),
    )
    failing = (anomaly(6, quote, AnomalyKind.ERRORS, Severity.WARNING, FAILING),)
    incidents = (
        Incident("INC-3f9c", slow, AnomalyKind.SLOWER, Severity.CRITICAL, START + SLOW[0], START + SLOW[1]),
        Incident("INC-77a0", failing, AnomalyKind.ERRORS, Severity.WARNING, START + FAILING[0], START + FAILING[1]),
        Incident("INC-c218", surge, AnomalyKind.SURGE, Severity.WARNING, START + SURGE[0], START + SURGE[1]),
    )
    return incidents, _rankings(suffix, checkout, home)


def _rankings(suffix: str, checkout: SeriesKey, home: SeriesKey) -> dict[str, CauseRanking]:
    parts = (
        ("payments", 0.0247, 0.1844, 0.953),
        ("checkout", 0.0170, 0.0199, 0.017),
        ("bank-gateway", 0.0437, 0.0461, 0.014),
        ("shipping", 0.0191, 0.0208, 0.010),
        ("frontend", 0.0128, 0.0138, 0.006),
        ("catalog", 0.0085, 0.0085, 0.0),
    )
    contributions = tuple(Contribution(name + suffix, usual, now, share) for name, usual, now, share in parts)
    slow = CauseRanking(
        incident_id="INC-3f9c",
        headline=f"POST /checkout is slow because of payments{suffix}",
        causes=(
            Cause(
                f"payments{suffix}",
                "Authorize",
                CauseKind.OWN_TIME,
                0.91,
                (
                    "Its own time on the critical path of POST /checkout grew from 25 ms to 184 ms: 95 % of the rise.",
                    "It was outside its range first, at 13:42; its callers followed 1 to 2 minutes later.",
                    "All slow calls ran version 4.18.0, first seen 2 minutes before.",
                ),
                (
                    "Calls a minute were as forecast (12, expected 5 to 21).",
                    "bank-gateway, which it calls, kept its usual 44 ms.",
                ),
            ),
            Cause(f"checkout{suffix}", "PlaceOrder", CauseKind.OWN_TIME, 0.06, ("Its own time grew by 3 ms.",), ()),
        ),
        entry=checkout,
        usual_seconds=0.1258,
        now_seconds=0.2935,
        contributions=contributions,
        release=f"payments{suffix} 4.18.0 at 13:40",
    )
    surge = CauseRanking(
        incident_id="INC-c218",
        headline="GET / had 3.2 times the calls forecast; the code is not to blame",
        causes=(
            Cause(
                f"frontend{suffix}",
                "GET /",
                CauseKind.LOAD,
                0.84,
                ("Calls a minute were 120 where 22 to 56 were forecast.",),
                ("No service's own time a call grew by more than its queue explains.",),
            ),
        ),
        entry=home,
        usual_seconds=0.061,
        now_seconds=0.083,
        contributions=(
            Contribution(f"recommend{suffix}", 0.028, 0.041, 0.59),
            Contribution(f"catalog{suffix}", 0.014, 0.019, 0.23),
            Contribution(f"frontend{suffix}", 0.010, 0.014, 0.18),
        ),
    )
    failing = CauseRanking(
        incident_id="INC-77a0",
        headline=f"shipping{suffix} Quote failed one call in three",
        causes=(
            Cause(
                f"shipping{suffix}",
                "Quote",
                CauseKind.ERRORS,
                0.78,
                ("33 % of its calls failed, where at most 1.2 % was expected.", "It calls nothing that failed too."),
                ("Its durations were as expected.",),
            ),
        ),
        entry=None,
        usual_seconds=float("nan"),
        now_seconds=float("nan"),
        contributions=(),
    )
    return {ranking.incident_id: ranking for ranking in (slow, surge, failing)}


def advice(suffix: str) -> tuple[Advice, ...]:
    payments = f"payments{suffix}"
    return (
        Advice(
            payments, "", Knob.ROLLBACK, Action.SET, "", None, None, None, None, Confidence.HIGH,
            ("Version 4.18.0 began 2 minutes before its own time grew from 25 ms to 184 ms.",),
        ),
        Advice(
            payments, f"bank-gateway{suffix}", Knob.TIMEOUT, Action.SET, "s", 0.8, 0.3, 0.45, 0.6, Confidence.MEDIUM,
            ("99.9 % of usual calls end within 190 ms.", "At 800 ms a stuck call holds a worker for 18 usual ones."),
        ),
        Advice(
            f"recommend{suffix}", "", Knob.REPLICAS, Action.SET, "replicas", 2.0, 3.0, 3.0, 4.0, Confidence.MEDIUM,
            ("2 replicas would be 91 % busy at the forecast peak of 1.9 calls a second.",),
        ),
        Advice(
            payments, "", Knob.REPLICAS, Action.KEEP, "replicas", 4.0, 3.0, 4.0, 5.0, Confidence.HIGH,
            ("4 replicas are 23 % busy at the busiest minutes; more would not make Authorize quicker.",),
        ),
        Advice(
            f"catalog{suffix}", "", Knob.REPLICAS, Action.CANNOT_SAY, "replicas", None, None, None, None, Confidence.LOW,
            ("Its spans name no pod or host, so replicas cannot be counted.",), "Set k8s.pod.name on its spans.",
        ),
    )  # fmt: skip


def findings(spans: int, suffix: str) -> tuple[Finding, ...]:
    return (
        Finding("no_instance", 412_300, spans, (f"catalog{suffix}", f"cart{suffix}", f"recommend{suffix}")),
        Finding("orphan_span", 1_204, spans, (f"recommend{suffix}",)),
        Finding("clock_skew", 322, spans, ("node-n-7",), "node-n-7 runs 42 ms ahead"),
        Finding("malformed", 10, spans, ("shop-evening.json.gz",), "first at byte 18,220"),
    )
