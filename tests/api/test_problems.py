from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/nope", 404, "not_found"),
        ("/api/v1/services/nope", 404, "not_found"),
        ("/api/v1/overview?from=yesterday", 400, "invalid_input"),
        ("/api/v1/services/payments/series?points=many", 400, "invalid_input"),
        ("/api/v1/graph?mode=pretty", 400, "invalid_input"),
        ("/api/v1/traces/xyz", 400, "invalid_input"),
    ],
)
def test_every_error_is_a_problem_with_a_hint(client: TestClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)

    found = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, found["status"], found["code"]) == (status, status, code)
    assert found["type"] == f"urn:tracetune:error:{code}"
    assert found["detail"]
    assert found["hint"]
    assert found["instance"] == path.partition("?")[0]


def test_a_wrong_method_is_told_which_are_right(client: TestClient) -> None:
    answer = client.delete("/api/v1/services")

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_a_fault_of_ours_says_nothing_of_its_inside(app: FastAPI, client: TestClient) -> None:
    app.state.context = None

    answer = client.get("/api/v1/services")

    assert answer.status_code == 500
    assert "NoneType" not in answer.text
