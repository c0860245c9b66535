from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.forecasting import estimator_checks as checks

from tracetune.errors import InvalidInput
from tracetune.forecasting import weights
from tracetune.forecasting.scoring import LstmPredictor


def _rewritten(path: Path, name: str, content: bytes | None) -> Path:
    """The same file with one member replaced, or left out."""
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist() if each != name}
    if content is not None:
        members[name] = content
    with zipfile.ZipFile(path, "w") as archive:
        for each, written in members.items():
            archive.writestr(each, written)
    return path


def _header(shape: tuple[int, ...]) -> bytes:
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(described).to_bytes(2, "little") + described


def test_saved_and_loaded_model_forecasts_equally(predictor: LstmPredictor, tmp_path: Path) -> None:
    weights.save(tmp_path / "model.npz", predictor.weights, {"seed": 7})
    loaded, about = weights.load(tmp_path / "model.npz")

    again = LstmPredictor(loaded, predictor.scales, predictor.metric)
    before, after = (each.predict(checks.small(), horizon_minutes=20).values for each in (predictor, again))

    np.testing.assert_array_equal(before, after)
    assert about == {"seed": 7}
    assert [each.name for each in tmp_path.iterdir()] == ["model.npz"]


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(pickle.dumps({"kernel": [1.0]}))

    with pytest.raises(InvalidInput, match="holds no trained model"):
        weights.load(tmp_path / "model.npz")


def test_arrays_of_objects_are_refused(predictor: LstmPredictor, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    weights.save(path, predictor.weights, {})
    with (tmp_path / "objects.npy").open("wb") as file:
        np.save(file, np.array([print], dtype=object), allow_pickle=True)

    with pytest.raises(InvalidInput, match=r"kernel\.npy is object"):
        weights.load(_rewritten(path, "kernel.npy", (tmp_path / "objects.npy").read_bytes()))


def test_wrong_shapes_are_refused(predictor: LstmPredictor, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    weights.save(path, predictor.weights, {})

    with pytest.raises(InvalidInput, match=r"head_bias is \(2,\), not \(7,\)"):
        weights.load(_rewritten(path, "head_bias.npy", _header((2,)) + bytes(8)))


def test_a_header_that_promises_terabytes_is_refused_before_memory_is_taken(
    predictor: LstmPredictor, tmp_path: Path
) -> None:
    path = tmp_path / "model.npz"
    weights.save(path, predictor.weights, {})

    with pytest.raises(InvalidInput, match="promises"):
        weights.load(_rewritten(path, "kernel.npy", _header((10**6, 10**6))))


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", bytes(weights.MOST_BYTES + 1))

    with pytest.raises(InvalidInput, match="unpacks to"):
        weights.load(tmp_path / "bomb.npz")


def test_missing_arrays_are_named(predictor: LstmPredictor, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    weights.save(path, predictor.weights, {})

    with pytest.raises(InvalidInput, match=r"recurrent\.npy"):
        weights.load(_rewritten(path, "recurrent.npy", None))


@pytest.mark.parametrize(
    "wrong", [{"format": 99}, {"features": ["x"]}, {"hidden": 0}, {"quantiles": [0.5]}, {"about": 3}]
)
def test_metadata_of_another_kind_is_refused(
    predictor: LstmPredictor, tmp_path: Path, wrong: dict[str, object]
) -> None:
    path = tmp_path / "model.npz"
    weights.save(path, predictor.weights, {})
    with zipfile.ZipFile(path) as archive:
        metadata = json.loads(archive.read("metadata.json")) | wrong

    with pytest.raises(InvalidInput, match="holds no trained model"):
        weights.load(_rewritten(path, "metadata.json", json.dumps(metadata).encode()))


def test_an_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"absent\.npz"):
        weights.load(tmp_path / "absent.npz")
