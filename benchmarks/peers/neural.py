"""One model of NeuralForecast on the series of a file; runs in the peers' own environment, which has no tracetune.

Run: build/peers/bin/python benchmarks/peers/neural.py LSTM|DeepAR SERIES.npz FORECASTS.npz STEPS
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import DistributionLoss, MQLoss
from neuralforecast.models import LSTM, DeepAR
from pytorch_lightning import Callback

HIDDEN, WINDOW, WINDOWS = 48, 120, 64


class Timer(Callback):  # type: ignore[misc]  # no types
    """CPU seconds between the beginning and the end of the training."""

    seconds = 0.0

    def on_fit_start(self, *_: Any) -> None:  # noqa: ANN401 - theirs
        """Begin."""
        self._begun = time.process_time()

    def on_fit_end(self, *_: Any) -> None:  # noqa: ANN401 - theirs
        """End."""
        Timer.seconds = time.process_time() - self._begun


def main() -> None:
    """Train on all but the last minutes, forecast each of those one minute ahead, and print seconds as JSON."""
    torch.set_num_threads(1)
    name, source, target, steps = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    given = np.load(source)
    values, load, levels, judged = given["values"], given["load"], given["levels"], int(given["judged"])
    count, length = values.shape
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(count), length),
            "ds": np.tile(np.arange(length), count),
            "y": values.ravel(),
            "load": load.ravel(),
        }
    )
    usual: dict[str, Any] = {
        "h": 1,
        "input_size": WINDOW,
        "max_steps": steps,
        "learning_rate": 4e-3,
        "windows_batch_size": WINDOWS,
        "batch_size": 8,  # series a step: it makes all windows of each, and draws from them
        "inference_windows_batch_size": 512,
        "scaler_type": "robust",
        "futr_exog_list": ["load"],
        "random_seed": 0,
        "callbacks": [Timer()],
        "enable_progress_bar": False,
        "logger": False,
        "accelerator": "cpu",
    }
    if name == "LSTM":
        model = LSTM(
            encoder_n_layers=1,
            encoder_hidden_size=HIDDEN,
            decoder_hidden_size=HIDDEN,
            loss=MQLoss(quantiles=levels.tolist()),
            **usual,
        )
    else:
        loss = DistributionLoss("StudentT", quantiles=levels.tolist(), num_samples=200)
        model = DeepAR(
            lstm_n_layers=1, lstm_hidden_size=HIDDEN, lstm_dropout=0.0, loss=loss, trajectory_samples=100, **usual
        )
    begun = time.process_time()
    said = NeuralForecast([model], freq=1).cross_validation(frame, n_windows=judged, step_size=1, val_size=0)
    whole = time.process_time() - begun
    said = said.sort_values(["unique_id", "ds"])
    columns = [each for each in said.columns if each not in {"unique_id", "ds", "cutoff", "y", name}]
    quantiles = np.sort(said[columns].to_numpy().reshape(count, judged, len(columns)), axis=2)
    np.savez(target, quantiles=quantiles, columns=columns)
    parameters = sum(each.numel() for each in model.parameters())
    print(json.dumps({"training": Timer.seconds, "scoring": whole - Timer.seconds, "parameters": parameters}))


if __name__ == "__main__":
    main()
