"""The synthetic day of a shop behind the API, and a client that asks from this machine."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tracetune.api.app import Options, create_app
from tracetune.api.snapshots import Shown, fixed
from tracetune.domain.analysis import Analysis
from tracetune.stores.notes import NoteBook

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shop() -> Analysis:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    analysis: Analysis = importlib.import_module("tests.sinks.analysis_data").shop_analysis()
    return analysis


@pytest.fixture(scope="session")
def shown(shop: Analysis) -> Shown:
    return Shown(fixed(shop).current())


@pytest.fixture(scope="session")
def now(shop: Analysis) -> float:
    """The end of the day, in seconds since the Unix epoch."""
    series = shop.learned.series
    return (series.start_minute + series.length) * 60.0


@pytest.fixture
def app(shop: Analysis, now: float) -> FastAPI:
    return create_app(fixed(shop), NoteBook(), Options(clock=lambda: now))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with local_client(app) as client:
        yield client


def local_client(app: FastAPI) -> TestClient:
    """A client on the server's own machine."""
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000), raise_server_exceptions=False)
