"""What every test may ask for: real data, a shop with a slow release, and shape checks switched on."""

from __future__ import annotations

import os
from pathlib import Path

import jaxtyping
import pytest

from tracetune.testing.shop import Kind, Truth, shop_day
from tracetune.testing.writers import write_spans

# Shape annotations are checked while tests run, and cost nothing elsewhere.
jaxtyping.install_import_hook(["tracetune.forecasting", "tracetune.anomalies"], "beartype.beartype")

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in this thread, beside which no other can run."""
    items.sort(key=lambda item: "/tests/browser/" in str(item.path))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real traces and labelled series; TRACETUNE_DATA, by default ../shared/data."""
    folder = Path(os.environ.get("TRACETUNE_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set TRACETUNE_DATA to their folder")
    return folder


SLOW_RELEASE = Truth(Kind.RELEASE, "payments", "POST /authorize", 150, 185)
"""What happens in ``shop_files``."""


@pytest.fixture(scope="session")
def shop_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 200 minutes of a shop as Jaeger JSON, an hour a file, with a release of payments that is slow."""
    folder = tmp_path_factory.mktemp("shop")
    batches = shop_day(1, minutes=200, traces_per_minute=90, stories=(SLOW_RELEASE,))
    for hour, spans in enumerate(batches):
        write_spans(folder / f"{hour:02}.json.gz", [spans])
    return folder
