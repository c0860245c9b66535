"""What was found in a day of the shop, for metrics to be made of."""

from __future__ import annotations

import pytest
from tests.sinks.analysis_data import shop_analysis

from tracetune.domain.analysis import Analysis


@pytest.fixture(scope="session")
def shop() -> Analysis:
    analysis: Analysis = shop_analysis()
    return analysis
