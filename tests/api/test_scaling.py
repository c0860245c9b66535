from __future__ import annotations

import dataclasses

import pytest
from starlette.testclient import TestClient
from tests.api.conftest import local_client
from tests.browser.servers import with_queues
from tests.tuning import queue_data

from tracetune.api.app import create_app
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis
from tracetune.live.publisher import Publisher


@pytest.fixture(scope="module")
def queued(shop: Analysis) -> TestClient:
    snapshot = dataclasses.replace(fixed(with_queues(shop)).current(), model=queue_data.model())
    return local_client(create_app(Publisher(snapshot)))


def test_another_load_is_answered_for_every_service_at_once(queued: TestClient) -> None:
    found = {each["service_name"]: each for each in queued.get("/api/v1/scaling", params={"load": 1.0}).json()}
    more = {each["service_name"]: each for each in queued.get("/api/v1/scaling", params={"load": 1.2}).json()}

    before, after = found["s2"]["at_load"], more["s2"]["at_load"]  # threads, two instances of four
    assert after["busy"] == pytest.approx(1.2 * before["busy"], rel=0.02)
    assert after["limit"] == pytest.approx(before["limit"], rel=0.02)
    assert after["p95"] > before["p95"]
    assert after["p95_now"] == before["p95"]
    assert after["p95_lower"] <= after["p95"] <= after["p95_upper"]


def test_replicas_are_the_least_that_keep_the_slots_free_enough(queued: TestClient) -> None:
    found = queued.get("/api/v1/scaling", params={"load": 1.2, "busy": 0.6}).json()
    s2 = next(each for each in found if each["service_name"] == "s2")

    per_replica = s2["at_load"]["busy"] * s2["replicas"]
    count = s2["at_load"]["replicas"]
    assert per_replica / count <= 0.6 < per_replica / (count - 1)


def test_a_service_without_advice_is_there_and_one_without_calls_says_what_is_missing(queued: TestClient) -> None:
    found = {each["service_name"]: each for each in queued.get("/api/v1/scaling", params={"load": 1.5}).json()}

    assert {"s0", "s1", "s2", "s3", "payments"} <= found.keys()
    assert found["payments"]["at_load"]["p95"] is None
    assert "not at hand" in found["payments"]["at_load"]["missing"]


def test_without_whole_calls_the_table_stays_and_says_why(client: TestClient) -> None:
    found = client.get("/api/v1/scaling", params={"load": 2}).json()

    assert found[0]["service_name"] == "payments"
    assert "queues cannot be found" in found[0]["at_load"]["missing"]
    assert client.get("/api/v1/scaling").json()[0]["at_load"] is None


@pytest.mark.parametrize("query", [{"load": 0}, {"load": 2, "busy": 1}, {"load": "much"}])
def test_a_load_that_is_none_is_refused(client: TestClient, query: dict[str, float]) -> None:
    assert client.get("/api/v1/scaling", params=query).status_code == 400
