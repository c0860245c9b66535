from __future__ import annotations

import pytest

from tracetune.anomalies import words
from tracetune.domain.series import Metric


def test_latency_names_the_unit_once() -> None:
    assert words.latency(Metric.LATENCY_P95, 0.263, 0.06, 0.08) == "p95 263 ms, expected 60–80 ms"
    assert words.latency(Metric.LATENCY_P50, 2.0, 0.9, 1.1) == "median 2 s, expected 0.9–1.1 s"


def test_errors_say_how_many_of_how_many() -> None:
    assert words.errors(0.1186, 0.008, 51, 430) == "12 % errors, expected at most 0.8 % (51 of 430 calls failed)"


def test_calls_are_whole_where_there_are_many() -> None:
    assert words.calls(1412.4, 150.2, 210.0) == "1,412 calls a minute, expected 150–210"


@pytest.mark.parametrize(
    ("minutes", "ongoing", "said"), [(1, False, "for 1 minute"), (23, True, "for 23 minutes and still going on")]
)
def test_time_spans(minutes: int, *, ongoing: bool, said: str) -> None:
    assert words.span_of_time(minutes, ongoing=ongoing) == said
