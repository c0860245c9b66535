from __future__ import annotations

from rich.console import Console

from tracetune.cli import model_views
from tracetune.domain.forecasts import Verdict
from tracetune.domain.series import Metric, SeriesKey
from tracetune.stores.models import ModelVersion
from tracetune.training import Change

KEY = SeriesKey("cart", "GET /cart")
VERSION = ModelVersion(3, "2026-03-02T12:00:00Z", 1000, "abc", {}, ("production",))


def _text(answer: object) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(answer)
    return capture.get()


def test_who_speaks_stands_with_error_coverage_and_reason() -> None:
    verdict = Verdict("lstm", {"lstm": 0.0021, "seasonal": 0.003}, 0.98, "beats the seasonal by 30 %")

    text = _text(model_views.speakers([(Metric.LATENCY_P95, KEY, verdict)]))

    row = text.splitlines()[1].split()
    assert row[:8] == ["cart", "GET", "/cart", "p95", "the", "LSTM", "2.1", "ms"]
    assert "98 %" in text
    assert "beats the seasonal by 30 %" in text


def test_what_the_model_finds_of_made_up_excursions_stands_beside_its_error() -> None:
    verdict = Verdict("lstm", {"lstm": 0.0021}, 0.98, "wins", {"lstm": 0.71, "trailing_median": 0.64})

    assert "0.71" in _text(model_views.speakers([(Metric.LATENCY_P95, KEY, verdict)])).splitlines()[1]
    assert model_views.verdict(Metric.LATENCY_P95, KEY, verdict)["event_f1"] == {"lstm": 0.71, "trailing_median": 0.64}


def test_a_verdict_without_held_back_minutes_is_null_in_json() -> None:
    found = model_views.verdict(
        Metric.CALLS, KEY, Verdict("trailing_median", {"lstm": float("nan")}, float("nan"), "x")
    )

    assert (found["coverage"], found["pinball_loss"]) == (None, {"lstm": None})


def test_a_version_of_which_nothing_is_told_is_still_a_line() -> None:
    row = _text(model_views.versions([VERSION])).splitlines()[1]

    assert row.split() == ["3", "production", "2026-03-02", "12:00", "?", "?", "–", "–", "–", "?", "?"]


def test_who_did_not_speak_before_is_nobody() -> None:
    text = _text(model_views.diff(VERSION, VERSION, [Change(KEY, Metric.CALLS, "", "lstm")]))

    assert "for 1 forecast." in text
    assert text.splitlines()[-2].split()[-4:] == ["nobody", "→", "the", "LSTM"]
    (changed,) = model_views.diff_document(VERSION, VERSION, [Change(KEY, Metric.CALLS, "", "lstm")])["changes"]
    assert (changed["before"], changed["after"]) == (None, "lstm")
