from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tracetune.app import Application
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.errors import InvalidInput, NotEnoughData, NotFound
from tracetune.forecasting.processes import COORDINATOR, COUNT, NUMBER
from tracetune.forecasting.training import CHECKPOINT_STEPS
from tracetune.settings import LearnSettings, Settings
from tracetune.testing.build import build
from tracetune.testing.shop import shop_day
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


KILLED = """
import sys
from pathlib import Path
from tracetune.app import Application
from tracetune.settings import LearnSettings, Settings
app = Application(Settings(learn=LearnSettings(registry=sys.argv[1])))
told = lambda stage, done, total: print(stage, int(done), flush=True)
app.train(sys.argv[3:], told, promote=False, checkpoints=Path(sys.argv[2]))
"""


@pytest.mark.slow  # reads seven hours of traces twice and trains on them
def test_training_that_was_killed_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    registry, checkpoints = tmp_path / "models", tmp_path / "checkpoints"
    write_spans(tmp_path / "shop.json.gz", shop_day(1, minutes=400, traces_per_minute=20, stories=()))
    files = [str(tmp_path / "shop.json.gz")]
    command = [sys.executable, "-c", KILLED, str(registry), str(checkpoints), *files]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter
    for line in killed.stdout or ():
        if line.startswith("learn") and int(line.split()[1]) > CHECKPOINT_STEPS:
            killed.kill()
            break
    killed.communicate()
    steps: list[float] = []

    version, _ = Application(Settings(learn=LearnSettings(registry=str(registry)))).train(
        files,
        lambda stage, done, _: steps.append(done) if stage == "learn" else None,
        promote=False,
        checkpoints=checkpoints,
    )

    assert killed.returncode == -signal.SIGKILL
    assert steps[0] > CHECKPOINT_STEPS
    assert version is not None
    assert version.number == 1
    assert not list(checkpoints.iterdir())


def test_of_several_processes_only_the_first_keeps_the_model(
    shop_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Application(Settings(learn=LearnSettings(model="baselines", registry=str(tmp_path))))
    files = [str(min(shop_files.iterdir()))]
    for name, value in ((COUNT, "2"), (NUMBER, "1"), (COORDINATOR, "127.0.0.1:1")):
        monkeypatch.setenv(name, value)

    version, said = app.train(files, _silent, promote=True)

    assert version is None
    assert said == "process 1 of 2 trained along; process 0 keeps the model"
    assert app.registry().versions() == ()
