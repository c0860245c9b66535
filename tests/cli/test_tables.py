from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console, RenderableType
from tests.sinks.analysis_data import shop_analysis

from tracetune.cli import tables
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.causes import Contribution
from tracetune.domain.quality import Finding


def _text(answer: RenderableType) -> str:
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(answer)
    return capture.get()


def _advice(
    action: Action, knob: Knob = Knob.REPLICAS, *, target: float | None = 3.0, unit: str = "replicas"
) -> Advice:
    return Advice("cart", "", knob, action, unit, 2.0, 2.0, target, 4.0, Confidence.HIGH, ("it is busy",), "pod names")


def test_sparkline_keeps_gaps_and_shows_what_rose() -> None:
    values = np.array([1.0] * 6 + [np.nan] * 3 + [9.0] * 6)

    drawn = tables.sparkline(values).plain

    assert drawn[0] == "▁"
    assert " " in drawn
    assert drawn[-1] == "█"


def test_sparkline_of_nothing_is_empty() -> None:
    assert tables.sparkline(np.array([np.nan, np.nan])).plain == ""


@pytest.mark.parametrize(
    ("advice", "expected"),
    [
        (_advice(Action.SET), "3 (2–4)"),
        (_advice(Action.KEEP), "keep 3 (2–4)"),
        (_advice(Action.KEEP, Knob.ROLLBACK, target=None, unit="2"), "stay off 2"),
        (_advice(Action.SET, Knob.INSTRUMENTATION, target=None, unit="k8s.pod.name"), "set k8s.pod.name"),
        (_advice(Action.CANNOT_SAY), "cannot say"),
    ],
)
def test_advice_is_one_line_with_its_range_and_one_with_its_reason(advice: Advice, expected: str) -> None:
    text = _text(tables.advice([advice]))

    assert expected in text
    assert text.count("\n") == 3


def test_the_line_below_says_what_the_columns_do_not_and_what_is_to_be_expected() -> None:
    reasons = ("Set cart to 3 replicas, now 2", "the load to come is 9/s")
    found = replace(_advice(Action.SET), reasons=reasons, effect="p99 is 40 ms shorter")

    text = _text(tables.advice([found]))

    assert "the load to come is 9/s; p99 is 40 ms shorter" in text
    assert "Set cart to" not in text


def test_that_more_replicas_will_not_help_is_said_before_its_evidence() -> None:
    found = replace(_advice(Action.KEEP), reasons=("More replicas of cart will not help, because", "a lock"))

    assert "More replicas of cart will not help" in _text(tables.advice([found]))


def test_finding_shows_count_share_place_and_remedy() -> None:
    text = _text(tables.findings([Finding("no_trace_id", 3, 12, ("a.json", "b.json", "c.json", "d.json"))]))

    assert "3 of 12, 25 %" in text
    assert "a.json, b.json, c.json …" in text
    assert "fix the exporter" in text


def test_share_above_the_whole_rise_is_put_into_words_below_the_table() -> None:
    shop = shop_analysis()
    incident = shop.incidents[0]
    ranking = shop.rankings[incident.id]
    parts = (Contribution("payments", 0.1, 0.36, 1.15), Contribution("cart", 0.1, 0.066, -0.15))

    text = _text(tables.explanation(incident, replace(ranking, contributions=parts)))

    assert "payments: more than the whole rise (others became quicker by 34 ms)" in text
    assert "cart:" not in text


def test_clean_spans_are_said_to_be_clean() -> None:
    assert _text(tables.findings(())) == "No problems found in the spans.\n"
