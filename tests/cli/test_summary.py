from __future__ import annotations

from pathlib import Path

from rich.console import Console, RenderableType

from tracetune.app import Application
from tracetune.cli import summary
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.analysis import Ingested, SourceSummary
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.spans import SpanBatch
from tracetune.settings import Entry, LearnSettings, Settings


def _text(answer: RenderableType) -> str:
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(answer)
    return capture.get()


def test_summary_names_the_incident_its_culprit_and_what_to_do(shop_files: Path) -> None:
    app = Application(Settings(learn=LearnSettings(model="baselines")))
    found = app.analyze([str(shop_files)], lambda *_: None)

    text = _text(summary.summary(found, Path("out.html")))

    lines = text.splitlines()
    assert lines[0].startswith("▲ POST /checkout is slow because of payments")
    assert "← likely cause" in text
    assert f"{found.incidents[0].id}  POST /checkout is slow because of payments" in text
    assert lines[-1] == "Report: out.html"


def test_files_that_were_not_read_are_named_and_many_are_counted() -> None:
    sources = tuple(SourceSummary(f"{n}.csv", "", 0, 10, f"{n}.csv: this is CSV") for n in range(7))
    found = Ingested(MinuteBatch.empty(), sources, 0, 0, 0, 0, 0, (), SpanBatch.empty())

    text = _text(summary.doctor(found))

    assert "not read: 0.csv: this is CSV" in text
    assert "and 2 more files not read" in text


def test_files_beside_the_traces_that_are_none_are_only_named() -> None:
    sources = (
        SourceSummary("x/a.json", "jaeger", 9, 10),
        SourceSummary("x/LICENSE", "", 0, 10, "x/LICENSE: this is text"),
    )
    found = Ingested(MinuteBatch.empty(), sources, 9, 1, 1, 1, 2, (), SpanBatch.empty())

    text = _text(summary.doctor(found))

    assert "no traces: LICENSE" in text
    assert "this is text" not in text


def test_settings_are_printed_as_they_would_stand_in_a_file() -> None:
    text = _text(summary.settings([Entry("learn.seed", 7, "flag", "")]))

    assert text == "learn.seed = '7'  # flag\n"


def test_the_last_word_is_on_replicas_and_those_to_change_come_first() -> None:
    def advice(name: str, knob: Knob, action: Action) -> Advice:
        nothing = (None, None, None, None)
        return Advice(name, "", knob, action, "", *nothing, Confidence.LOW, (f"do it to {name}", "it is full"))

    timeout = advice("cart", Knob.TIMEOUT, Action.SET)
    keep, change = (
        advice(name, Knob.REPLICAS, action) for name, action in (("shop", Action.KEEP), ("pay", Action.SET))
    )

    assert summary.last_word([timeout, keep, change]) == "Advice: do it to pay: it is full."
    assert summary.last_word([timeout]) == "Advice: do it to cart: it is full."
    assert summary.last_word([]) == "Advice: nothing to change."
    said = summary.last_word([change], Path("demo/report.html"))
    assert said == "Advice: do it to pay: it is full; for its what-if open demo/report.html#whatif"


def test_advice_that_asks_for_nothing_is_folded_into_a_line_a_kind() -> None:
    def keep(name: str, action: Action = Action.KEEP, unlock: str = "") -> Advice:
        return Advice(
            name,
            "",
            Knob.REPLICAS,
            action,
            "replicas",
            2,
            2,
            2,
            2,
            Confidence.HIGH,
            (f"about {name}",),
            unlock,
            is_minor=True,
        )

    found = [keep(f"s{number}") for number in range(8)] + [keep("t", Action.CANNOT_SAY, "30 minutes")]

    assert summary.folded(found) == [
        "· 8 more say keep (replicas): s0, s1, s2, s3, s4, s5 and 2 more",
        "· replicas of t cannot be said yet; what would help: 30 minutes",
    ]
