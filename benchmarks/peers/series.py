"""The series that ours and the peers forecast: the same history, metric and split for all."""

from __future__ import annotations

from tracetune.domain.series import Metric
from tracetune.testing.history import History, Size, make_history

SIZE = Size(apps=2, services=8, days=4, test_days=1, test_rate=0.5)
JUDGED = SIZE.test_days * 1440
METRIC = Metric.LATENCY_P95


def history(seed: int) -> History:
    """Three days to learn from, and one to judge."""
    return make_history(seed, SIZE)
