from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.domain.series import Metric
from tracetune.errors import InvalidInput
from tracetune.forecasting import spool
from tracetune.forecasting.batches import Part, batch
from tracetune.forecasting.windows import Inputs, Scales


def test_windows_from_files_are_those_from_memory(tmp_path: Path) -> None:
    series = checks.small()

    mapped = spool.write(tmp_path, (series.only([row]) for row in range(len(series.keys))))

    assert mapped.keys == series.keys
    here, there = (
        batch(Inputs.of(each, Scales.of(series)), np.arange(12), seed=1, step=0, part=Part())
        for each in (series, mapped)
    )
    np.testing.assert_allclose(here.features, there.features, atol=1e-4)
    np.testing.assert_array_equal(here.weights, there.weights)


def test_what_is_not_kept_is_not_observed(tmp_path: Path) -> None:
    mapped = spool.write(tmp_path, [checks.small()])

    assert np.isnan(mapped[Metric.ERROR_RATIO]).all()
    assert not mapped[Metric.CALLS].flags.owndata


def test_parts_of_different_minutes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="420 and 400 minutes"):
        spool.write(tmp_path, [checks.small(400), checks.small(420)])


def test_a_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    spool.write(tmp_path, [checks.small()])
    (tmp_path / "calls.f4").write_bytes(b"short")

    with pytest.raises(InvalidInput, match="holds no series"):
        spool.opened(tmp_path)
