from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from tracetune.api.reading import router

EXAMPLES = {
    "anomaly_id": "a-000001",
    "incident_id": "INC-3f9c",
    "service_name:path": "payments",
}


@pytest.mark.parametrize("route", [each.path for each in router.routes if isinstance(each, APIRoute)])
def test_every_route_answers_and_twice_the_same(client: TestClient, route: str) -> None:
    path = route
    for name, value in EXAMPLES.items():
        path = path.replace(f"{{{name}}}", value)
    if "{trace_id}" in path:
        slow = client.get("/api/v1/incidents/INC-3f9c").json()["slow"][0]
        path = path.replace("{trace_id}", slow["trace_id"])

    first, second = client.get(path), client.get(path)

    if "whatif" in path:
        assert (first.status_code, first.json()["code"]) == (422, "not_enough_data")
        return
    assert first.status_code == 200, first.text
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]


def test_anomalies_are_chosen_by_service_and_status(client: TestClient) -> None:
    every = client.get("/api/v1/anomalies").json()
    mine = client.get("/api/v1/anomalies?service=payments&status=ended").json()

    assert len(every) == 6
    assert [each["service_name"] for each in mine] == ["payments"]
    assert client.get("/api/v1/anomalies?status=open").json() == []


def test_a_name_with_a_slash_or_a_space_is_found_by_its_address(client: TestClient) -> None:
    answer = client.get("/api/v1/services/a%2Fb/series")

    assert "'a/b'" in answer.json()["detail"]


def test_an_operation_is_chosen_by_its_name(client: TestClient) -> None:
    answer = client.get("/api/v1/services/frontend/series", params={"op": "GET /products/{id}", "metric": "calls"})

    assert answer.json()["span_name"] == "GET /products/{id}"
