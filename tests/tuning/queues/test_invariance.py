"""The distance between the work of calls that met much load and of those that met little."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tracetune.tuning.queues.invariance import CHANCE, SIGNIFICANT, by_quantiles, by_threshold, distances

_RNG = np.random.default_rng(6)
_LOAD = _RNG.integers(0, 10, 4000)
_OPERATION = _RNG.integers(0, 2, 4000)
_WORK = _RNG.lognormal(0, 0.5, 4000) * (1 + _OPERATION)


def test_work_that_does_not_depend_on_load_has_no_distance() -> None:
    splits = [by_quantiles(_LOAD, _OPERATION), by_threshold(_LOAD, 5)]

    assert max(distances(_WORK, _OPERATION, splits, SIGNIFICANT)) == 0.0
    assert max(distances(_WORK, _OPERATION, splits, CHANCE)) < 0.03


def test_work_that_grows_with_load_has_a_distance() -> None:
    splits = [by_quantiles(_LOAD, _OPERATION), by_threshold(_LOAD, 5)]

    assert min(distances(_WORK * (1 + 0.1 * _LOAD), _OPERATION, splits, SIGNIFICANT)) > 0.2


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    work = np.concatenate((np.arange(100), np.arange(50, 150))).astype(float)
    split = np.repeat([0, 1], 100).astype(np.int8)

    assert distances(work, np.zeros(200, np.int64), [split], 0.0) == pytest.approx([0.5])


def test_too_few_calls_on_one_side_say_nothing() -> None:
    assert math.isnan(distances(_WORK, _OPERATION, [by_threshold(_LOAD, 99)], CHANCE)[0])
