from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.domain.series import Metric
from tracetune.errors import InvalidInput
from tracetune.forecasting import bundle
from tracetune.forecasting.calibration import Widening
from tracetune.forecasting.gate import Chosen
from tracetune.forecasting.holt_winters import HoltWintersEstimator
from tracetune.forecasting.learn import Normal, baselines, study
from tracetune.forecasting.online import OnlineForecaster
from tracetune.forecasting.scaling import uncompared
from tracetune.forecasting.scoring import LstmPredictor


@pytest.fixture(scope="module")
def normal(predictor: LstmPredictor) -> Normal:
    """What the baselines learned, with the network speaking for some series of one metric."""
    series = checks.small()
    learned, _ = study(series, estimators=baselines(), seed=0)
    smooth = HoltWintersEstimator().fit(series, predictor.metric, seed=0)
    speakers = np.array([0, 1, 1, 1, 0, 0])
    chosen = Chosen(
        predictor.metric,
        (smooth, predictor),
        (Widening(), Widening(0.9, 1.3)),
        series.keys,
        speakers,
        uncompared("x", 6),
    )
    return Normal({**learned.models, predictor.metric: chosen}, ("one limit",))


def _changed(path: Path, change: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path) as file:
        members = {each: file.read(each) for each in file.namelist()}
    members["metadata.json"] = json.dumps(json.loads(members["metadata.json"]) | change).encode()
    with zipfile.ZipFile(path, "w") as file:
        for each, written in members.items():
            file.writestr(each, written)
    return path


def test_loaded_models_say_what_the_saved_ones_said(normal: Normal, tmp_path: Path) -> None:
    bundle.save(tmp_path / "models.npz", normal, {"version": "1"})

    loaded, about = bundle.load(tmp_path / "models.npz")
    before, after = (each.expect(checks.small(), horizon_minutes=20).forecasts for each in (normal, loaded))

    assert about == {"version": "1"}
    assert loaded.limits == ("one limit",)
    assert set(after) == {Metric.CALLS, Metric.LATENCY_P50, Metric.LATENCY_P95}
    for metric, forecast in before.items():
        np.testing.assert_array_equal(forecast.values, after[metric].values)
        assert repr(forecast.verdicts) == repr(after[metric].verdicts)


def test_another_process_goes_on_at_the_next_minute(normal: Normal, tmp_path: Path) -> None:
    series = checks.small()
    online = OnlineForecaster.after(normal, series.between(0, 300))
    bundle.save(tmp_path / "models.npz", normal, {})
    bundle.save_state(tmp_path / "state.npz", online)
    program = f"""
import sys
from pathlib import Path
from tracetune.forecasting import bundle
folder = Path({str(tmp_path)!r})
online = bundle.load_state(folder / "state.npz", bundle.load(folder / "models.npz")[0])
values = online.ahead(5)["latency_p95"]
print(values[:, -1, -1].tolist(), sorted({{"keras", "jax"}} & set(sys.modules)))
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter

    assert done.stdout.strip() == f"{online.ahead(5)[Metric.LATENCY_P95][:, -1, -1].tolist()} []"


@pytest.mark.parametrize(
    "change",
    [
        {"format": 0},
        {"format": "2"},
        {"networks": []},
        {"networks": 3},
        {"metrics": {"latency_p95": {"keys": []}}},
        {"metrics": {"nonsense": {}}},
        {"limits": None},
    ],
)
def test_metadata_that_do_not_fit_are_refused(normal: Normal, tmp_path: Path, change: dict[str, Any]) -> None:
    bundle.save(tmp_path / "models.npz", normal, {})

    with pytest.raises(InvalidInput, match="holds no learned models"):
        bundle.load(_changed(tmp_path / "models.npz", change))


def test_models_of_a_newer_tracetune_ask_for_an_upgrade(normal: Normal, tmp_path: Path) -> None:
    bundle.save(tmp_path / "models.npz", normal, {})

    with pytest.raises(InvalidInput, match="of a newer tracetune: their format is 2, and this one reads 1") as error:
        bundle.load(_changed(tmp_path / "models.npz", {"format": 2}))

    assert error.value.hint.startswith("upgrade tracetune; or ")


def test_a_model_file_is_no_state(normal: Normal, tmp_path: Path) -> None:
    bundle.save(tmp_path / "models.npz", normal, {})

    with pytest.raises(InvalidInput, match="holds no followed state"):
        bundle.load_state(tmp_path / "models.npz", normal)
