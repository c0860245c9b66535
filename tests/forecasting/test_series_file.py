"""Series as a file come back as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tracetune.domain.series import Metric
from tracetune.errors import InvalidInput
from tracetune.forecasting import archive, series_file
from tracetune.testing.series import random_series


def test_series_come_back_as_they_were(tmp_path: Path) -> None:
    series = random_series(3, minutes=40)

    series_file.write(tmp_path / "series.zip", series)
    found = series_file.read(tmp_path / "series.zip")

    assert (found.keys, found.start_minute) == (series.keys, series.start_minute)
    np.testing.assert_array_equal(found.observed, series.observed)
    np.testing.assert_array_equal(found.root_share, series.root_share)
    for metric in Metric:
        np.testing.assert_array_equal(found[metric], series[metric])


def test_what_holds_no_series_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no archive")
    archive.write(tmp_path / "other.zip", {"keys": []}, {"observed": np.zeros(1, np.int64)})

    for name in ("text.zip", "other.zip", "missing.zip"):
        with pytest.raises(InvalidInput):
            series_file.read(tmp_path / name)
