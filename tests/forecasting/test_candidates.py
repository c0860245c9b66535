from __future__ import annotations

import pytest

from tracetune.domain.series import Metric
from tracetune.forecasting.candidates import candidates
from tracetune.forecasting.network import LstmEstimator


def test_the_network_competes_for_latency_only_and_is_trained_once() -> None:
    found = candidates()

    assert [each.name for each in found[Metric.CALLS]] == [
        "trailing_median",
        "levels",
        "seasonal",
        "holt_winters",
        "regression",
    ]
    assert found[Metric.LATENCY_P50][-1].name == "lstm"
    assert found[Metric.LATENCY_P50][-1] is found[Metric.LATENCY_P95][-1]


def test_the_network_can_be_left_out() -> None:
    assert {each.name for every in candidates(network=False).values() for each in every} == {
        "trailing_median",
        "levels",
        "seasonal",
        "holt_winters",
        "regression",
    }


def test_without_keras_the_shipped_network_competes_untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "no_such_backend")

    network = candidates()[Metric.LATENCY_P95][-1]

    assert isinstance(network, LstmEstimator)
    assert network.steps == 0
