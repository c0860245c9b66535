from __future__ import annotations

import numpy as np
import pytest

from tracetune.anomalies.rules import Episode
from tracetune.anomalies.seen import Seen, Size, anomaly, size
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import AnomalyKind, Severity
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.series import Metric
from tracetune.testing.series import random_series

SERIES = random_series(3, minutes=60, missing=6)
EPISODE = Episode(0, 10, 20, ongoing=False, score=2.0)


def _seen() -> Seen:
    values = np.broadcast_to(np.linspace(0.1, 0.3, len(QUANTILES)), (3, 60, len(QUANTILES)))
    verdicts = (Verdict("seasonal", {}, float("nan"), ""),) * 3
    forecast = Forecast(SERIES.keys, Metric.LATENCY_P50, SERIES.start_minute, 60, values, verdicts)
    return Seen.of(Learned(SERIES, {Metric.LATENCY_P50: forecast}, ()))


def test_minutes_without_traces_are_left_out_everywhere() -> None:
    seen = _seen()

    assert len(seen.minute) == 54
    assert seen.metrics[Metric.CALLS].shape == (3, 54)
    assert seen.expected[Metric.LATENCY_P50].shape == (3, 54, len(QUANTILES))


def test_a_metric_without_a_forecast_has_not_departed() -> None:
    assert np.isnan(_seen().departure(Metric.CALLS)).all()


def test_a_size_is_the_median_of_what_was_seen_and_expected() -> None:
    found = size(_seen(), Metric.LATENCY_P50, EPISODE)

    assert found.expected == pytest.approx(0.2)
    assert [found.lower, found.upper] == pytest.approx([0.1, 0.3])
    assert found.observed == pytest.approx(np.median(SERIES[Metric.LATENCY_P50][0, 10:20]))


@pytest.mark.parametrize(
    ("kind", "strong", "severity"),
    [
        (AnomalyKind.SLOWER, True, Severity.CRITICAL),
        (AnomalyKind.SLOWER, False, Severity.MINOR),
        (AnomalyKind.LOAD, True, Severity.WARNING),
        (AnomalyKind.MIX, True, Severity.MINOR),
        (AnomalyKind.SURGE, True, Severity.MINOR),
        (AnomalyKind.DROP, True, Severity.CRITICAL),
    ],
)
def test_only_faults_that_users_feel_may_page(kind: AnomalyKind, severity: Severity, *, strong: bool) -> None:
    found = anomaly(_seen(), EPISODE, kind, Size(0.5, 0.1, 0.2, 0.3), "p95 500 ms", strong=strong)

    assert found.severity is severity
    assert (found.onset, found.end) == (SERIES.start_minute + 10, SERIES.start_minute + 20)
    assert found.why.startswith("p95 500 ms, for 10 minutes (")
