"""The sampling rate for a wanted precision."""

from __future__ import annotations

import numpy as np
import pytest
from tests.causes.minutes_data import minutes, shop

from tracetune.domain.advice import Knob
from tracetune.tuning.advice.sampling import PRECISION, sampling


def test_busy_system_may_be_sampled_and_the_rate_keeps_the_tail_as_precise_as_said() -> None:
    batch = minutes(lambda _: shop(checkout=2000, browse=4000), 30)

    (advice,) = sampling(batch, 30)

    assert advice.knob is Knob.SAMPLING
    rate = advice.target
    assert rate is not None
    # the made-up calls are lognormal with sigma .2: draw minutes of the kept calls and look at their 95th percentile
    rng = np.random.default_rng(5)
    drawn = rng.lognormal(0.0, 0.2, (4000, max(1, int(2000 * rate))))
    error = np.abs(np.quantile(drawn, 0.95, axis=1) / np.exp(1.6449 * 0.2) - 1)
    assert np.mean(error <= PRECISION) >= 0.95
    assert dict(advice.details)["randomSamplingPercentage"] == pytest.approx(100 * rate)
    assert "two minutes" in advice.risk


def test_quiet_system_keeps_every_trace() -> None:
    assert list(sampling(minutes(lambda _: shop(checkout=5, browse=8), 30), 30)) == []
    assert list(sampling(minutes(lambda _: shop(checkout=2000), 1), 1)) == []
