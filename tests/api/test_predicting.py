from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.api.conftest import local_client

from tracetune.api.app import create_app
from tracetune.api.predicting import pairs
from tracetune.api.snapshots import fixed
from tracetune.app import Application
from tracetune.errors import InvalidInput
from tracetune.settings import load
from tracetune.testing.shop import shop_day
from tracetune.testing.writers import write_spans


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Half an hour of a shop's whole calls behind the API."""
    file: Path = tmp_path_factory.mktemp("shop") / "shop.json"
    write_spans(file, shop_day(1, minutes=30, traces_per_minute=60.0, stories=()))
    settings, _ = load(environ={}, flags={"learn.model": "baselines"})
    return local_client(create_app(fixed(Application(settings).analyze([str(file)], lambda *_: None))))


@pytest.mark.slow
def test_another_load_is_predicted_for_every_endpoint_and_service(asking: TestClient) -> None:
    found = asking.get("/api/v1/whatif?load=0.8&replicas=payments=3").json()

    assert found["ask"] == {"load": 0.8, "replicas": {"payments": 3}, "demand": {}}
    assert found["is_screened"] is True
    assert found["sentence"]
    assert {each["service_name"] for each in found["services"]} >= {"payments"}


@pytest.mark.slow
def test_one_service_is_asked_about_by_its_address(asking: TestClient) -> None:
    found = asking.get("/api/v1/services/payments/whatif?replicas=2&load=0.8").json()

    mine = next(each for each in found["services"] if each["service_name"] == "payments")
    assert mine["replicas"] == 2


@pytest.mark.slow
def test_a_full_simulation_is_said_to_be_one(asking: TestClient) -> None:
    found = asking.get("/api/v1/whatif?load=0.7&simulated=true").json()

    assert found["is_screened"] is False


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("load=0", 400),
        ("load=lots", 400),
        ("replicas=payments", 400),
        ("replicas=nobody=3", 404),
        ("demand=payments=-1", 400),
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, query: str, status: int) -> None:
    assert client.get(f"/api/v1/whatif?{query}").status_code == status


def test_minutes_alone_cannot_answer(client: TestClient) -> None:
    answer = client.get("/api/v1/whatif")

    assert (answer.status_code, answer.json()["code"]) == (422, "not_enough_data")
    assert "tracetune whatif" in answer.json()["hint"]


def test_pairs_are_read_from_the_right() -> None:
    assert pairs(["a=b=2"], "replicas") == {"a=b": 2.0}
    with pytest.raises(InvalidInput):
        pairs(["nan=nan"], "replicas")
