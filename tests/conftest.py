"""What every test may ask for: the folder of real data, and shape checks switched on."""

from __future__ import annotations

import os
from pathlib import Path

import jaxtyping
import pytest

# Shape annotations are checked while tests run, and cost nothing elsewhere.
jaxtyping.install_import_hook(["tracetune.forecasting", "tracetune.anomalies"], "beartype.beartype")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real traces and labelled series; TRACETUNE_DATA, by default ../shared/data."""
    folder = Path(os.environ.get("TRACETUNE_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set TRACETUNE_DATA to their folder")
    return folder
