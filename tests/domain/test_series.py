"""Series on a regular grid: zero, not observed, and not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tracetune.domain.minutes import OPERATIONS, MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.testing.minutes import random_minutes


def minutes(*rows: tuple[int, str, int, bool]) -> MinuteBatch:
    def cell(field: pa.Field, minute: int, name: str, calls: int, is_entry: bool) -> Any:
        known = {
            "minute": minute,
            "span_name": name,
            "service_name": "shop",
            "calls": calls,
            "errors": calls // 2,
            "root_calls": calls if name == "get" else 0,
            "is_entry": is_entry,
            "duration": [(-1, calls)],
            "self_time": [(-17, calls)],
        }
        return known.get(field.name, 0)

    arrays = []
    for field in OPERATIONS:
        plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
        arrays.append(pa.array([cell(field, *row) for row in rows], plain).cast(field.type))
    empty = MinuteBatch.empty()
    table = pa.Table.from_arrays(arrays, schema=OPERATIONS)
    return MinuteBatch(table, empty.links, empty.instances, empty.paths, empty.exemplars)


def test_a_minute_without_calls_is_zero_but_one_without_any_span_is_not_observed() -> None:
    series = SeriesBatch.from_minutes(minutes((10, "get", 4, True), (11, "put", 2, True), (13, "get", 1, True)))

    assert series.keys == (SeriesKey("shop", "get"), SeriesKey("shop", "put"))
    np.testing.assert_array_equal(series[Metric.CALLS], [[4, 0, np.nan, 1], [0, 2, np.nan, 0]])
    assert series.observed.tolist() == [True, True, False, True]
    assert series.root_share.tolist() == [1.0, 0.0]


def test_latency_and_error_ratio_of_a_minute_without_calls_are_unknown() -> None:
    series = SeriesBatch.from_minutes(minutes((10, "get", 4, True), (11, "put", 2, True)))

    np.testing.assert_array_equal(series[Metric.ERROR_RATIO], [[0.5, np.nan], [np.nan, 0.5]])
    assert np.isnan(series[Metric.LATENCY_P95][0, 1])
    assert 2 ** (-1 / 16) < series[Metric.LATENCY_P50][0, 0] <= 1.0


def test_spans_that_are_no_entries_make_no_series_but_are_observed() -> None:
    series = SeriesBatch.from_minutes(minutes((10, "get", 4, True), (11, "query", 2, False)))

    assert series.keys == (SeriesKey("shop", "get"),)
    assert series.observed.tolist() == [True, True]


def test_a_part_keeps_its_keys_and_its_place_in_time() -> None:
    series = SeriesBatch.from_minutes(minutes((10, "get", 4, True), (11, "put", 2, True), (13, "get", 1, True)))

    part = series.between(1, 3).only([1])

    assert (part.keys, part.start_minute, part.length) == ((SeriesKey("shop", "put"),), 11, 2)


def test_no_minutes_make_no_series() -> None:
    assert SeriesBatch.from_minutes(MinuteBatch.empty()).keys == ()


def test_metrics_of_another_shape_are_refused() -> None:
    metrics = {metric: np.zeros((2, 3)) for metric in Metric}
    with pytest.raises(ValueError, match="series, minute"):
        SeriesBatch((SeriesKey("a", "b"),), 0, metrics, np.ones(3, np.bool_), np.zeros(1))


def test_window_that_moves_on_gives_what_all_its_minutes_give() -> None:
    pieces = [random_minutes(seed, first_minute=29_540_160 + 3 * seed, minutes=6, rows=80) for seed in range(12)]
    rolled = None
    for number in range(1, len(pieces) + 1):
        minutes = MinuteBatch.merge(pieces[max(0, number - 5) : number])
        changed = pieces[number - 1].minutes()
        rolled = SeriesBatch.from_minutes(minutes, rolled, [*changed, *pieces[max(0, number - 6)].minutes()])
        whole = SeriesBatch.from_minutes(minutes)

        assert (rolled.keys, rolled.start_minute, rolled.length) == (whole.keys, whole.start_minute, whole.length)
        for metric in Metric:
            np.testing.assert_allclose(rolled[metric], whole[metric], rtol=1e-6, err_msg=str(metric))
        np.testing.assert_array_equal(rolled.root_share, whole.root_share)
