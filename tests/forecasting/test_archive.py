from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tracetune.errors import InvalidInput
from tracetune.forecasting import archive

ARRAYS = {
    "single": np.arange(6, dtype=np.float32).reshape(2, 3),
    "double": np.array([1.0, np.nan]),
    "whole": np.array([[[1, 2]]]),
    "none": np.zeros((0, 4)),
    "scalar": np.array(7),
}


def _read(path: Path) -> tuple[dict[str, object], archive.Arrays]:
    return archive.read(path, most_bytes=1000, what="numbers", hint="write them again")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    archive.write(tmp_path / "a.npz", {"answer": [42]}, ARRAYS)

    metadata, arrays = _read(tmp_path / "a.npz")

    assert metadata == {"answer": [42]}
    assert set(arrays) == set(ARRAYS)
    for name, values in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], values)
        assert arrays[name].dtype == values.dtype


def test_equal_contents_are_equal_files_whenever_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, at in (("a.npz", 1.7e9), ("b.npz", 1.8e9)):
        monkeypatch.setattr("time.time", lambda at=at: at)
        archive.write(tmp_path / name, {"answer": 42}, ARRAYS)

    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    archive.write(tmp_path / "a.npz", {}, ARRAYS)

    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        archive.write(tmp_path / "a.npz", {}, {"objects": np.array([print], dtype=object)})

    assert set(_read(tmp_path / "a.npz")[1]) == set(ARRAYS)
    assert [each.name for each in tmp_path.iterdir()] == ["a.npz"]


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    archive.write(tmp_path / "a.npz", {}, {"zeros": np.zeros(1000)})

    with pytest.raises(InvalidInput, match="holds no numbers: it unpacks to") as refused:
        _read(tmp_path / "a.npz")

    assert refused.value.hint == "write them again"


def test_metadata_that_are_no_object_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("metadata.json", json.dumps([1]))

    with pytest.raises(InvalidInput, match="metadata are no object"):
        _read(tmp_path / "a.npz")


def test_other_zip_files_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("word/document.xml", "<x/>")

    with pytest.raises(InvalidInput, match=r"metadata\.json"):
        _read(tmp_path / "a.npz")
