"""The latency histogram: bounded error, mergeable, honest when empty."""

from __future__ import annotations

import math
import random

import msgspec
import pytest

from tracetune_lab.histogram import Histogram


def test_quantiles_are_within_one_percent_of_the_exact_ones() -> None:
    rng = random.Random(5)
    values = sorted(rng.lognormvariate(-3, 1) for _ in range(5000))
    histogram = Histogram()
    for value in values:
        histogram.add(value)

    found = [histogram.quantile_seconds(quantile) for quantile in (0.5, 0.95, 0.99)]

    assert found == pytest.approx([values[2499], values[4749], values[4949]], rel=0.01)
    assert histogram.mean_seconds() == pytest.approx(sum(values) / 5000, rel=0.01)


def test_merging_equals_counting_together() -> None:
    one, other, both = Histogram(), Histogram(), Histogram()
    for number in range(1, 200):
        (one if number % 2 else other).add(number / 1000)
        both.add(number / 1000)

    one.merge(other)

    assert one == both


def test_histogram_survives_json() -> None:
    histogram = Histogram()
    histogram.add(0.25)

    assert msgspec.json.decode(msgspec.json.encode(histogram), type=Histogram) == histogram


def test_empty_histogram_knows_nothing() -> None:
    assert math.isnan(Histogram().quantile_seconds(0.5))
    assert math.isnan(Histogram().mean_seconds())
