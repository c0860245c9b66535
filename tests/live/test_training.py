"""Training in a process of its own: its models come back, and its death changes nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from quality.ahead import day_series
from tracetune.domain.series import Metric
from tracetune.forecasting.keras_backend import can_train
from tracetune.forecasting.learn import Normal
from tracetune.forecasting.network import shipped
from tracetune.forecasting.online import OnlineForecaster
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.windows import LATENCIES
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


ONLINE_BOUTIQUE = Path(os.environ.get("TRACETUNE_DATA", "../shared/data")) / "nezha_onlineboutique_metrics" / "rca_data"


@pytest.mark.slow  # trains the network: a minute
@pytest.mark.skipif(not ONLINE_BOUTIQUE.is_dir(), reason="TRACETUNE_DATA names no folder with the Online Boutique days")
@pytest.mark.skipif(not can_train(), reason="Keras is not installed")
def test_the_network_learns_half_a_day_of_online_boutique_and_its_models_go_on_minute_by_minute(tmp_path: Path) -> None:
    day = day_series(ONLINE_BOUTIQUE / "2022-08-22" / "metric")
    trainer = Trainer(tmp_path, network=True, seed=0)
    trainer.start(day.between(0, 720))

    normal = ended(trainer)

    assert trainer.problem == ""
    assert normal is not None
    for metric in LATENCIES:
        network = normal.models[metric].predictors[-1]
        assert isinstance(network, LstmPredictor)
        assert not np.array_equal(network.weights.kernel, shipped().kernel)
        judged = {len(each.pinball_loss) for each in normal.models[metric].verdicts}
        assert judged == {5}  # of six candidates; a seasonal model needs two days
    online = OnlineForecaster.after(normal, day.between(600, 720))
    for minute in range(720, 740):
        values = {metric: day[metric][:, minute] for metric in Metric}
        expected = online.step(minute, day.keys, values)
        assert all(np.isfinite(expected[metric]).all() for metric in LATENCIES)
