"""What a served model answers, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.anomalies.scores import departure
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import InvalidInput
from tracetune.forecasting.learn import Normal, baselines, study
from tracetune.kubeflow.inference import infer


@pytest.fixture(scope="module")
def normal() -> Normal:
    learned, _ = study(checks.small(), estimators=baselines(), seed=0)
    return learned


def tensors(series: SeriesBatch) -> dict[str, Any]:
    """A request about these series, as a client would write it."""
    keys = np.array([[key.service_name.encode(), key.span_name.encode()] for key in series.keys], object)
    metrics = {str(metric): series[metric] for metric in (Metric.CALLS, Metric.LATENCY_P50, Metric.LATENCY_P95)}
    return {"keys": keys, "start_minute": np.array([series.start_minute]), **metrics}


def test_served_quantiles_and_scores_are_those_of_every_other_surface(normal: Normal) -> None:
    series = checks.small()

    answer = infer(normal, tensors(series))

    expected = normal.expect(series, horizon_minutes=1).forecasts[Metric.LATENCY_P95].values[:, : series.length]
    np.testing.assert_allclose(answer["latency_p95.quantiles"], expected, rtol=1e-6)
    score = departure(Metric.LATENCY_P95, series[Metric.LATENCY_P95], expected)
    np.testing.assert_allclose(answer["latency_p95.score"], score, rtol=1e-5, atol=1e-5)
    assert set(answer) == {
        f"{m}.{what}" for m in ("calls", "latency_p50", "latency_p95") for what in ("quantiles", "score")
    }


def test_only_what_was_given_is_answered(normal: Normal) -> None:
    request = tensors(checks.small())
    del request["latency_p50"], request["latency_p95"]

    assert set(infer(normal, request)) == {"calls.quantiles", "calls.score"}


def test_series_that_the_model_does_not_know_is_nan_and_no_error(normal: Normal) -> None:
    request = tensors(checks.small())
    request["keys"][0] = [b"stranger", b"GET /"]

    answer = infer(normal, request)

    assert np.isfinite(answer["calls.quantiles"][1]).any()


def test_unobserved_minutes_are_nan_all_the_way(normal: Normal) -> None:
    request = tensors(checks.small())
    request["latency_p95"] = request["latency_p95"].copy()
    request["latency_p95"][:, -3:] = np.nan

    assert np.isnan(infer(normal, request)["latency_p95.score"][:, -3:]).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keys": None}, "keys is missing"),
        ({"calls": None}, "calls is missing"),
        ({"keys": np.array([b"a"], object)}, r"keys has the shape \[1\]"),
        ({"keys": np.array([[b"a", b"b"]] * 6, object)}, "names a series twice"),
        ({"keys": np.array([[b"\xff", b"b"]] * 6, object)}, "no UTF-8"),
        ({"calls": np.zeros((6, 0))}, r"calls has the shape \[6, 0\]"),
        ({"calls": np.zeros((5, 9))}, r"calls has the shape \[5, 9\]"),
        ({"calls": np.array(3.0)}, r"calls has the shape \[\]"),
        ({"latency_p95": np.zeros((6, 3))}, r"latency_p95 has the shape \[6, 3\]"),
        ({"latency_p95": np.full((6, 1), "x")}, "latency_p95"),
        ({"calls": np.full((6, 4), np.inf)}, "infinite"),
        ({"calls": np.full((6, 4), -1.0)}, "negative"),
        ({"start_minute": np.array([0.5])}, "start_minute is float64"),
        ({"start_minute": np.array([1, 2])}, "start_minute is int64"),
        ({"latency": np.zeros((6, 4))}, "no such input: latency"),
    ],
)
def test_request_that_cannot_be_meant_is_refused_with_the_name(
    normal: Normal, change: dict[str, Any], said: str
) -> None:
    request = {name: value for name, value in {**tensors(checks.small()), **change}.items() if value is not None}

    with pytest.raises(InvalidInput, match=said):
        infer(normal, request)


def test_batch_beyond_the_limit_is_refused_before_anything_is_computed(normal: Normal) -> None:
    request = tensors(checks.small())
    long = np.lib.stride_tricks.as_strided(np.zeros(1), (6, 5_000_000), (0, 0))
    wide = np.lib.stride_tricks.as_strided(np.zeros(1), (600, 40_000), (0, 0))
    keys = np.array([[b"shop", f"GET /{number}".encode()] for number in range(600)], object)

    with pytest.raises(InvalidInput, match="5,000,000 minutes in one request"):
        infer(normal, request | {"calls": long})
    with pytest.raises(InvalidInput, match="24,000,000 cells in one request"):
        infer(normal, {"keys": keys, "start_minute": request["start_minute"], "calls": wide})


def test_example_of_the_docs_asks_for_minutes_enough_to_be_answered_in_numbers(
    normal: Normal, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "laptop.md").read_text("utf-8")
    asked, read = (part.partition("\nEOF\n")[0] for part in page.split("<<'EOF'\n")[1:3])
    exec(asked, {})  # noqa: S102 - our own page
    request = {
        each["name"]: np.array(each["data"], object if each["datatype"] == "BYTES" else None).reshape(each["shape"])
        for each in json.loads(capsys.readouterr().out)["inputs"]
    }
    request["keys"] = tensors(checks.small())["keys"][:1]  # an operation that this model knows

    answer = infer(normal, request)

    assert set(answer) == {f"{m}.{what}" for m in ("calls", "latency_p95") for what in ("quantiles", "score")}
    assert all(np.isfinite(each[0, -1]).all() for each in answer.values())
    assert answer["latency_p95.score"][0, -1] > 3.0
    assert all(np.isnan(each[0, :24]).all() and np.isfinite(each[0, 24:]).all() for each in answer.values())
    assert all(f"\n{name} [" in page for name in answer)
    assert "json.load(open(" in read
