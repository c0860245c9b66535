from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tracetune.app import Application
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.errors import InvalidInput, NotEnoughData, NotFound
from tracetune.settings import LearnSettings, Settings
from tracetune.testing.build import build
from tracetune.testing.writers import write_spans

BASELINES = Settings(learn=LearnSettings(model="baselines"))


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


def test_analysis_says_how_it_was_made(tmp_path: Path) -> None:
    write_spans(tmp_path / "a.json", [build("shop GET 0ms +10ms kind=server")])

    found = Application(replace(BASELINES, learn=LearnSettings(model="baselines", seed=5))).analyze(
        [str(tmp_path)], _silent
    )

    assert found.parameters["seed"] == "5"
    assert {"read seconds", "learn seconds", "detect seconds", "explain seconds", "tune seconds"} <= set(
        found.parameters
    )


def test_nothing_named_and_no_store_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nothing to read"):
        Application(BASELINES).ingest([], _silent)


def test_pattern_without_files_is_refused() -> None:
    with pytest.raises(NotFound, match="no file at"):
        Application(BASELINES).ingest(["/no/such/*.json"], _silent)


def test_demo_into_a_file_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(InvalidInput, match="cannot write to"):
        Application(BASELINES).write_demo(tmp_path / "taken", _silent)


def test_no_advice_to_apply_is_an_empty_patch_that_says_so() -> None:
    assert Application(BASELINES).patches([]) == "# nothing to change\n"


def test_patches_are_one_stream_of_documents() -> None:
    advice = [
        Advice(
            "shop", peer, Knob.TIMEOUT, Action.SET, "s", None, 0.5, 1.0, 1.2, Confidence.MEDIUM, ("Give it a second",)
        )
        for peer in ("cart", "payments")
    ]

    documents = list(yaml.safe_load_all(Application(BASELINES).patches(advice)))

    assert [document["spec"]["hosts"] for document in documents] == [["cart"], ["payments"]]


def test_file_whose_spans_are_all_unusable_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(
        '{"data": [{"traceID": "1", "spans": [{"traceID": "1", "spanID": "2", "operationName": "GET", "startTime": 5,'
        ' "duration": 3, "processID": "p1"}], "processes": {"p1": {"serviceName": "shop"}}}]}'
    )

    with pytest.raises(NotEnoughData, match="1 of 1 left out, time before the year 2000"):
        Application(BASELINES).analyze([str(file)], _silent)


def test_request_without_spans_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "none.json"
    file.write_text('{"resourceSpans": []}')

    with pytest.raises(NotEnoughData, match="holds no spans"):
        Application(BASELINES).analyze([str(file)], _silent)
