"""The shop with a slow release, read once for all proofs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune.domain.analysis import Ingested
from tracetune.pipeline import ingest
from tracetune.sources.files import find
from tracetune.sources.readers import readers


@pytest.fixture(scope="session")
def shop(shop_files: Path) -> Ingested:
    """200 minutes of a shop whose payments are slow from minute 150 to 185."""
    return ingest(find([str(shop_files)]), readers(), max_spans=100_000, report=lambda *_: None)
