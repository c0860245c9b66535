"""The usual candidates for each metric: the baselines, and the LSTM where it can be trained."""

from __future__ import annotations

from importlib.util import find_spec

from tracetune.domain.series import Metric
from tracetune.forecasting.learn import baselines
from tracetune.forecasting.training import STEPS, LstmEstimator, Progress
from tracetune.forecasting.windows import LATENCIES
from tracetune.ports import Estimator


def candidates(
    *, network: bool = True, steps: int = STEPS, progress: Progress | None = None
) -> dict[Metric, list[Estimator]]:
    """Candidates for both latencies and for calls, the simplest first.

    Calls need no network: measured, robust smoothing finds surges and drops as well (docs/experiments/LOG.md).

    Args:
        network: whether the LSTM competes for the latencies; it must be installed, see ``can_train``.
        steps: of the LSTM's training.
        progress: told each training step.
    """
    by_metric = baselines()
    if network:
        lstm = LstmEstimator(steps, progress)  # one for both: they share its training
        for metric in LATENCIES:
            by_metric[metric].append(lstm)
    return by_metric


def can_train() -> bool:
    """Whether Keras and its default backend are installed; asks without importing either."""
    return find_spec("keras") is not None and find_spec("jax") is not None
