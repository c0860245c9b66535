from __future__ import annotations

import numpy as np
import pytest

from tracetune.domain.forecasts import LOWER, MIDDLE, QUANTILES, UPPER, Forecast
from tracetune.domain.series import Metric, SeriesKey


def test_the_band_is_the_middle_98_percent_around_the_median() -> None:
    assert QUANTILES[UPPER] - QUANTILES[LOWER] == pytest.approx(0.98)
    assert QUANTILES[MIDDLE] == 0.5
    assert list(QUANTILES) == sorted(QUANTILES)


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"values are \(1, 5, 3\)"):
        Forecast((SeriesKey("a", "b"),), Metric.CALLS, 0, 5, np.zeros((1, 5, 3)), ())
