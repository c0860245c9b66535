"""The synthetic day, made once for all tests of the report."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tracetune.domain.analysis import Analysis
from tracetune.sinks.compose import compose
from tracetune.sinks.document import Document


def _data() -> ModuleType:
    """``analysis_data.py`` beside this file: in importlib mode the folder is no package."""
    name = "tracetune_test_analysis_data"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("analysis_data.py"))
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


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
