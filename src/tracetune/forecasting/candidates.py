"""The usual candidates for each metric: the baselines, and the LSTM for the latencies."""

from __future__ import annotations

from pathlib import Path

from tracetune.domain.series import Metric
from tracetune.forecasting.keras_backend import can_train
from tracetune.forecasting.learn import baselines
from tracetune.forecasting.network import TUNING_STEPS, LstmEstimator
from tracetune.forecasting.training import Progress
from tracetune.forecasting.windows import LATENCIES
from tracetune.ports import Estimator


def candidates(
    *,
    network: bool = True,
    steps: int = TUNING_STEPS,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> dict[Metric, list[Estimator]]:
    """Candidates for both latencies and for calls, the simplest first.

    Calls need no network: measured, robust smoothing finds surges and drops as well (docs/experiments/LOG.md).

    Args:
        network: whether the LSTM competes for the latencies.
        steps: of the LSTM's training on these minutes; without Keras the shipped network competes as it is.
        progress: told each training step.
        checkpoint: a file in which a killed training is found again.
    """
    by_metric = baselines()
    if network:
        # One for both latencies: they share its training.
        lstm = LstmEstimator(steps if can_train() else 0, progress, checkpoint)
        for metric in LATENCIES:
            by_metric[metric].append(lstm)
    return by_metric
