"""The synthetic day, made once for all tests of the report."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tracetune.domain.analysis import Analysis
from tracetune.sinks.compose import compose
from tracetune.sinks.document import Document

ROOT = Path(__file__).resolve().parents[2]


def _data() -> ModuleType:
    """``tests/sinks/analysis_data.py``: pytest's importlib mode puts no test folder on the path by itself."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module("tests.sinks.analysis_data")


@pytest.fixture(scope="session")
def analysis_data() -> ModuleType:
    return _data()


@pytest.fixture(scope="session")
def shop(analysis_data: ModuleType) -> Analysis:
    analysis: Analysis = analysis_data.shop_analysis()
    return analysis


@pytest.fixture(scope="session")
def composed(shop: Analysis) -> Document:
    return compose(shop)
