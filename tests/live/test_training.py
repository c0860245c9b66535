"""Training in a process of its own: its models come back, and its death changes nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tracetune.domain.series import Metric
from tracetune.forecasting.learn import Normal
from tracetune.live.training import Trainer
from tracetune.testing.series import random_series

SERIES = random_series(1, minutes=400)


def ended(trainer: Trainer) -> Normal | None:
    assert trainer._process is not None
    trainer._process.wait()
    return trainer.finished()


def test_models_of_another_process_come_back(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, network=False, seed=0)
    began = trainer.start(SERIES)
    again = trainer.start(SERIES)

    normal = ended(trainer)

    assert (began, again) == (True, False)
    assert normal is not None
    assert set(normal.models) >= {Metric.CALLS, Metric.LATENCY_P50}
    assert normal.models[Metric.CALLS].keys == SERIES.keys
    assert (trainer.is_running, trainer.problem) == (False, "")


def test_training_that_is_killed_leaves_no_models_and_another_may_begin(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, network=False, seed=0)
    trainer.start(SERIES)
    assert trainer._process is not None
    os.kill(trainer._process.pid, signal.SIGKILL)

    assert ended(trainer) is None
    assert "status -9" in trainer.problem
    assert trainer.start(SERIES)
    trainer.stop()
    assert not trainer.is_running


def test_damaged_models_are_told_and_not_used(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, network=False, seed=0)
    trainer.start(SERIES)
    assert trainer._process is not None
    trainer._process.wait()
    (tmp_path / "models.zip").write_bytes(b"nothing")

    assert trainer.finished() is None
    assert "cannot be used" in trainer.problem
