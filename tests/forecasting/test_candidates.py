from __future__ import annotations

from tracetune.domain.series import Metric
from tracetune.forecasting.candidates import can_train, candidates


def test_the_network_competes_for_latency_only_and_is_trained_once() -> None:
    found = candidates()

    assert [each.name for each in found[Metric.CALLS]] == ["trailing_median", "seasonal", "holt_winters"]
    assert found[Metric.LATENCY_P50][-1].name == "lstm"
    assert found[Metric.LATENCY_P50][-1] is found[Metric.LATENCY_P95][-1]


def test_the_network_can_be_left_out() -> None:
    assert {each.name for every in candidates(network=False).values() for each in every} == {
        "trailing_median",
        "seasonal",
        "holt_winters",
    }


def test_training_is_possible_where_keras_and_jax_are_installed() -> None:
    assert can_train()
