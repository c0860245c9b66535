"""Models served and exported from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Run, failure

from tracetune.errors import InvalidInput, InvalidSettings
from tracetune.forecasting import bundle
from tracetune.forecasting.learn import Normal


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder as KServe's storage initializer leaves it, with a model that learned nothing."""
    folder = tmp_path / "mnt" / "000012"
    folder.mkdir(parents=True)
    bundle.save(folder / "model.npz", Normal({}, ("too short",)), {})
    return folder.parent


def test_model_without_a_network_is_not_exported(run: Run, model: Path, tmp_path: Path) -> None:
    error = failure(run("model", "export", "--file", model, "--to", tmp_path / "network.onnx"))

    assert "hold no network" in error.message
    assert not (tmp_path / "network.onnx").exists()


def test_folder_must_hold_one_model(run: Run, model: Path, tmp_path: Path) -> None:
    bundle.save(model / "other.npz", Normal({}, ()), {})

    several = failure(run("model", "export", "--file", model, "--to", tmp_path / "x"))
    none = failure(run("model", "export", "--file", tmp_path / "nothing", "--to", tmp_path / "x"))

    assert isinstance(several, InvalidInput)
    assert several.message.startswith("2 models lie in")
    assert none.message.startswith("there is no")


def test_without_a_file_the_registry_is_asked(run: Run, tmp_path: Path) -> None:
    assert isinstance(failure(run("model", "export", "--to", tmp_path / "x")), InvalidSettings)
