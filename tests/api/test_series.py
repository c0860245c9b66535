from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from tracetune.api.schemas import SeriesAnswer
from tracetune.api.series import Question, _extremes, columns, series
from tracetune.api.services import operation_items
from tracetune.api.snapshots import Shown
from tracetune.api.windows import Window
from tracetune.domain.series import Metric, SeriesKey
from tracetune.errors import InvalidInput, NotFound

AUTHORIZE = Question("payments", "Authorize", "latency", "p95", 2_000)


def _answer(shown: Shown, window: Window, question: Question) -> SeriesAnswer:
    return msgspec.json.decode(series(shown, window, question), type=SeriesAnswer)


def test_the_answer_is_what_its_schema_says_and_nothing_more(shown: Shown) -> None:
    raw = msgspec.json.decode(series(shown, shown.held, AUTHORIZE))

    assert set(raw) == set(SeriesAnswer.__struct_fields__)
    assert _answer(shown, shown.held, AUTHORIZE).unit == "s"


def test_columns_are_of_equal_length_and_hold_the_forecast_ahead(shown: Shown) -> None:
    found = _answer(shown, shown.held, AUTHORIZE)

    assert found.lower is not None
    assert found.middle is not None
    assert found.upper is not None
    assert {len(c) for c in (found.time, found.value, found.lower, found.middle, found.upper)} == {1_500}
    ahead = [at >= found.future_from for at in found.time]
    assert sum(ahead) == 60
    assert all(value is None for value, is_ahead in zip(found.value, ahead, strict=True) if is_ahead)
    assert all(upper is not None for upper, is_ahead in zip(found.upper, ahead, strict=True) if is_ahead)


def test_values_are_those_of_the_analysis_to_four_digits(shown: Shown) -> None:
    row = shown.rows[SeriesKey("payments", "Authorize")]
    known = shown.analysis.learned.series[Metric.LATENCY_P95][row]

    found = columns(shown, shown.held, AUTHORIZE)["value"]

    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found[: len(known)], known, rtol=6e-4)


def test_without_an_operation_the_one_of_greatest_impact_speaks(shown: Shown) -> None:
    found = _answer(shown, shown.held, Question("frontend", "", "latency", "p95", 500))

    assert found.span_name == operation_items(shown, shown.held, "frontend")[0].span_name


def test_a_reduced_series_keeps_the_highest_and_the_lowest_minute_of_each_stretch(shown: Shown) -> None:
    whole = _answer(shown, shown.held, AUTHORIZE)
    reduced = _answer(shown, shown.held, Question("payments", "Authorize", "latency", "p95", 100))

    assert (reduced.reduced, whole.reduced) == (True, False)
    assert len(reduced.time) <= 220
    assert max(v for v in reduced.value if v is not None) == max(v for v in whole.value if v is not None)
    assert min(v for v in reduced.value if v is not None) == min(v for v in whole.value if v is not None)


def test_a_gap_stays_a_gap_in_a_reduced_series() -> None:
    values = np.sin(np.arange(1_000.0))
    values[500:510] = np.nan

    kept = _extremes(values, 100)

    assert np.isnan(values[kept]).any()
    assert (np.diff(kept) > 0).all()


def test_all_missing_stays_all_missing() -> None:
    values = np.full(1_000, np.nan)

    assert len(_extremes(values, 100)) > 0


def test_zooming_never_changes_which_stretches_are_anomalous(shown: Shown) -> None:
    wide = _answer(shown, shown.held, AUTHORIZE).anomalies
    onset = shown.held.first + 822
    near = _answer(shown, Window(onset + 5, onset + 10), AUTHORIZE).anomalies

    assert near == wide
    assert [each.kind for each in wide] == ["slower"]


def test_a_window_in_the_past_ends_where_it_was_asked_to(shown: Shown) -> None:
    found = _answer(shown, Window(shown.held.first, shown.held.first + 60), AUTHORIZE)

    assert len(found.time) == 60
    assert [b - a for a, b in itertools.pairwise(found.time)] == [60.0] * 59


def test_errors_have_no_band_and_say_why(shown: Shown) -> None:
    found = _answer(shown, shown.held, Question("shipping", "", "errors", "p95", 2_000))

    assert found.upper is None
    assert found.why_no_band
    assert max(v for v in found.value if v is not None) > 0.2


def test_what_does_not_exist_is_refused_with_what_does(shown: Shown) -> None:
    with pytest.raises(NotFound, match="no service"):
        series(shown, shown.held, Question("nobody", "", "latency", "p95", 100))
    with pytest.raises(NotFound) as caught:
        series(shown, shown.held, Question("payments", "Nope", "latency", "p95", 100))
    with pytest.raises(InvalidInput):
        series(shown, shown.held, Question("payments", "", "latency", "p75", 100))

    assert "Authorize" in caught.value.hint
