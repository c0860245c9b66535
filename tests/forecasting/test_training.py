from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.errors import NotEnoughData, Unavailable
from tracetune.forecasting import checkpoints, weights
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.training import CHECKPOINT_STEPS, Course, Step, train

ROOT = Path(__file__).resolve().parents[2]
STEPS = 25

TRAIN = """
import sys
from pathlib import Path
from tests.forecasting import estimator_checks as checks
from tracetune.forecasting import weights
from tracetune.forecasting.training import Course, train
losses = []
def tell(step):
    losses.append(step.loss)
    print(step.number, flush=True)
checkpoint = Path(sys.argv[2]) if len(sys.argv) > 2 else None
found, _ = train(checks.small(), Course(0, 25, progress=tell, checkpoint=checkpoint))
weights.save(Path(sys.argv[1]), found, {"losses": losses})
"""


def _equal(first: Weights, second: Weights) -> bool:
    return all(np.array_equal(getattr(first, each.name), getattr(second, each.name)) for each in fields(first))


def _start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", TRAIN, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_training_lowers_the_loss_and_tells_each_step(predictor: LstmPredictor, told: list[Step]) -> None:
    assert predictor.name == "lstm"
    assert [(step.number, step.total) for step in told] == [(number, STEPS) for number in range(1, STEPS + 1)]
    assert np.mean([step.loss for step in told[-5:]]) < 0.8 * told[0].loss
    assert told[-1].windows_per_second > 0
    assert told[10].seconds_left > told[-1].seconds_left == 0


def test_equal_seeds_give_equal_weights(predictor: LstmPredictor) -> None:
    again, _ = train(checks.small(), Course(0, STEPS))

    assert _equal(again, predictor.weights)


def test_what_the_progress_raises_ends_the_training() -> None:
    def stop(step: Step) -> None:
        raise KeyboardInterrupt(f"enough at {step.number}")

    with pytest.raises(KeyboardInterrupt, match="enough at 1"):
        train(checks.small(), Course(0, STEPS, progress=stop))


@pytest.mark.slow  # two more processes load Keras; that a checkpoint gives back what it was given is tested in test_checkpoints
def test_training_goes_on_where_it_was_killed(predictor: LstmPredictor, told: list[Step], tmp_path: Path) -> None:
    checkpoint, out = tmp_path / "checkpoint.npz", tmp_path / "model.npz"
    killed = _start(str(out), str(checkpoint))
    assert killed.stdout is not None
    for line in killed.stdout:
        if int(line) > CHECKPOINT_STEPS:
            killed.send_signal(signal.SIGKILL)
            break
    killed.communicate()
    assert checkpoint.exists()
    assert not out.exists()

    again = _start(str(out), str(checkpoint))
    said, _ = again.communicate()

    found, about = weights.load(out)
    assert said.split() == [str(number) for number in range(CHECKPOINT_STEPS + 1, STEPS + 1)]
    np.testing.assert_allclose(about["losses"], [step.loss for step in told[CHECKPOINT_STEPS:]], rtol=1e-5)
    for each in fields(found):
        np.testing.assert_allclose(getattr(found, each.name), getattr(predictor.weights, each.name), atol=1e-5)
    assert not checkpoint.exists()


def test_another_courses_checkpoint_is_left_aside(tmp_path: Path) -> None:
    assert Course(0, 5).name(checks.small()) != Course(1, 5).name(checks.small())
    assert Course(0, 5).name(checks.small()) != Course(0, 5).name(checks.small(400))
    (tmp_path / "checkpoint.npz").write_bytes(b"half a file")

    assert checkpoints.restore(tmp_path / "checkpoint.npz", "x", None, None) == 0


@pytest.mark.slow
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed: make .venv/.full")
def test_tensorflow_trains_what_jax_does(predictor: LstmPredictor, told: list[Step], tmp_path: Path) -> None:
    other = _start(str(tmp_path / "model.npz"), KERAS_BACKEND="tensorflow", CUDA_VISIBLE_DEVICES="-1")
    other.communicate()

    found, about = weights.load(tmp_path / "model.npz")

    np.testing.assert_allclose(about["losses"], [step.loss for step in told], rtol=1e-3)
    for each in fields(found):
        np.testing.assert_allclose(getattr(found, each.name), getattr(predictor.weights, each.name), atol=5e-3)


def test_too_short_a_history_is_refused_with_the_least() -> None:
    with pytest.raises(NotEnoughData, match="200 minutes are too few") as refused:
        train(checks.small(200), Course(0))

    assert "4 hours" in refused.value.hint


def test_without_keras_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)  # what Python does for a module that is not there

    with pytest.raises(Unavailable) as refused:
        train(checks.small(), Course(0, 1))

    assert "pip install 'tracetune[learn]'" in refused.value.hint
