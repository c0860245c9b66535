"""Outlier detection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from tests.causes.minutes_data import START, Pods, minutes, shop

from tracetune.domain.advice import Action, Advice, Knob
from tracetune.domain.minutes import MinuteBatch, column, labels
from tracetune.tuning.advice.demand import demands
from tracetune.tuning.advice.outliers import medians_of_others, outliers

MINUTES = 60


def _three(slow: float = 1.0) -> Pods:
    return Pods(tuple((f"payments-{number}", "1.0", 1 / 3, slow if number == 2 else 1.0) for number in range(3)))


def _batch(*, slow: float = 1.0, error_ratio: float = 0.0) -> MinuteBatch:
    """An hour of the shop; in its minutes 30 to 44 the third instance of payments is slow or fails."""
    batch = minutes(
        lambda _: shop(checkout=300),
        MINUTES,
        pods=lambda at: {"payments": _three(slow if 30 <= at < 45 else 1.0)},
    )
    table = batch.instances
    codes, names = labels(table, "instance")
    bad = (
        (codes == names.index("payments-2"))
        & (column(table, "minute") >= START + 30)
        & (column(table, "minute") < START + 45)
    )
    errors = np.where(bad, np.round(column(table, "calls") * error_ratio), column(table, "errors")).astype(np.int64)
    table = table.set_column(table.schema.get_field_index("errors"), table.schema.field("errors"), pa.array(errors))
    return replace(batch, instances=table)


def _outliers(batch: MinuteBatch) -> dict[str, Advice]:
    observed = np.arange(START, START + MINUTES)
    return {each.target_service: each for each in outliers(batch, demands(batch, observed))}


def test_instance_that_fails_alone_is_left_out_after_a_run_that_chance_does_not_make() -> None:
    found = _outliers(_batch(error_ratio=0.4))

    assert set(found) == {"payments"}
    advice = found["payments"]
    assert (advice.knob, advice.action) == (Knob.OUTLIER_DETECTION, Action.SET)
    assert "payments-2 failed 40 % of its calls in 15 minutes, its 2 equals 0 %" in advice.reasons
    details = dict(advice.details)
    assert details["consecutive5xxErrors"] == advice.target
    assert 3 <= details["consecutive5xxErrors"] <= 10
    assert 30 <= details["baseEjectionTime"] <= 300
    assert 34 <= details["maxEjectionPercent"] < 67  # one of three, and never two of them
    assert advice.effect.startswith("about 13 % of all calls would not have failed")
    assert advice.risk


def test_slow_instance_is_told_apart_because_proxies_count_errors_only() -> None:
    advice = _outliers(_batch(slow=4.0))["payments"]

    assert "consecutiveGatewayErrors" in dict(advice.details)
    assert "a timeout must turn its slowest calls into 504s first" in advice.reasons[1]


def test_equal_instances_get_no_advice_even_when_all_of_them_fail() -> None:
    batch = _batch()
    table = batch.instances
    failing = pa.array(np.round(column(table, "calls") * 0.3).astype(np.int64))
    table = table.set_column(table.schema.get_field_index("errors"), table.schema.field("errors"), failing)

    assert _outliers(_batch()) == {}
    assert _outliers(replace(batch, instances=table)) == {}


def test_more_errors_in_health_need_a_longer_run() -> None:
    clean, noisy = _batch(error_ratio=0.6), _batch(error_ratio=0.6)
    table = noisy.instances
    codes, names = labels(table, "instance")
    errors = column(table, "errors") + np.where(
        codes != names.index("payments-2"), np.round(column(table, "calls") * 0.05), 0
    )
    table = table.set_column(
        table.schema.get_field_index("errors"), table.schema.field("errors"), pa.array(errors.astype(np.int64))
    )

    short, long = (_outliers(each)["payments"].target for each in (clean, replace(noisy, instances=table)))

    assert short is not None
    assert long is not None
    assert long > short


def test_medians_without_the_own_value_are_those_of_what_is_left() -> None:
    rng = np.random.default_rng(1)
    for rows, columns in ((1, 3), (2, 4), (3, 20), (4, 20), (7, 20)):
        values = rng.choice([1.0, 2.0, 3.5, np.nan, rng.random()], (rows, columns))
        values[:, 0] = 1.0

        found = medians_of_others(values)

        for row in range(rows):
            left = np.delete(values, row, axis=0)
            known = (~np.isnan(left)).any(axis=0)
            expected = np.full(columns, np.nan)
            expected[known] = np.nanmedian(left[:, known], axis=0) if len(left) else np.nan
            np.testing.assert_array_equal(found[row], expected)
