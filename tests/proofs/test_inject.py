from __future__ import annotations

import numpy as np

from tracetune.domain.anomalies import Anomaly, AnomalyKind, Severity
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.proofs.inject import Slowdown, catches, eligible, slowed
from tracetune.testing.series import random_series

SERIES = random_series(3, minutes=300, missing=0)


def _anomaly(row: int, onset: int, end: int | None, kind: AnomalyKind = AnomalyKind.SLOWER) -> Anomaly:
    start = SERIES.start_minute
    last = None if end is None else start + end
    return Anomaly("a", SERIES.keys[row], kind, Severity.MINOR, start + onset, last, 2.0, 2.0, 0.5, 1.0, 1.5, 9, "")


def _differs(one: SeriesBatch, other: SeriesBatch, metric: Metric) -> list[tuple[int, int]]:
    unequal = ~((one[metric] == other[metric]) | (np.isnan(one[metric]) & np.isnan(other[metric])))
    return [(int(row), int(minute)) for row, minute in zip(*np.nonzero(unequal), strict=True)]


def test_only_the_latency_of_that_operation_in_these_minutes_is_longer() -> None:
    before = SERIES[Metric.LATENCY_P95].copy()

    found = slowed(SERIES, [Slowdown(1, 100, 103, 2.0)])

    assert _differs(found, SERIES, Metric.LATENCY_P95) == [(1, 100), (1, 101), (1, 102)]
    np.testing.assert_allclose(found[Metric.LATENCY_P50][1, 100:103], 2.0 * SERIES[Metric.LATENCY_P50][1, 100:103])
    assert _differs(found, SERIES, Metric.CALLS) == []
    np.testing.assert_array_equal(SERIES[Metric.LATENCY_P95], before)


def test_nothing_is_tried_where_something_real_happened_or_nobody_called() -> None:
    quiet = np.where(np.arange(3)[:, None] == 2, 0.0, SERIES[Metric.CALLS])
    series = SeriesBatch(
        SERIES.keys, SERIES.start_minute, {**SERIES.metrics, Metric.CALLS: quiet}, SERIES.observed, SERIES.root_share
    )

    assert eligible(series, [_anomaly(0, 60, 75)], 100, 120).tolist() == [False, True, False]
    assert eligible(series, [_anomaly(0, 60, 65)], 100, 120).tolist() == [True, True, False]
    assert eligible(series, [_anomaly(0, 10, None)], 100, 120).tolist() == [False, True, False]


def test_nothing_is_tried_in_an_outage_of_the_traces() -> None:
    broken = random_series(3, minutes=300, missing=7)

    assert not eligible(broken, [], 195, 215).any()


def test_a_catch_is_an_anomaly_that_says_slow_in_these_minutes() -> None:
    found = [
        _anomaly(0, 95, 105),
        _anomaly(1, 100, None, AnomalyKind.LOAD),
        _anomaly(2, 100, 110, AnomalyKind.SURGE),
    ]

    assert catches(found, SERIES, 100, 120) == {0, 1}
    assert catches(found, SERIES, 105, 120) == {1}
