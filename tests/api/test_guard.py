from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tracetune.api.access import Access, Role
from tracetune.api.app import Options, create_app
from tracetune.api.guard import HEADERS, Limits, _Buckets
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis

TOKENS = {"look": Role.READ, "send": Role.INGEST, "rule": Role.ADMIN}


@pytest.fixture
def guarded(shop: Analysis) -> TestClient:
    app = create_app(fixed(shop), options=Options(access=Access(tokens=TOKENS), limits=Limits(body_bytes=1_000)))
    return TestClient(app, base_url="http://box", raise_server_exceptions=False)


def _as(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_reading_takes_a_token_that_may_read(guarded: TestClient) -> None:
    assert guarded.get("/api/v1/").status_code == 401
    assert guarded.get("/api/v1/").headers["www-authenticate"] == "Bearer"
    assert guarded.get("/api/v1/", headers=_as("look")).status_code == 200
    assert guarded.get("/api/v1/", headers=_as("rule")).status_code == 200
    assert guarded.get("/api/v1/", headers=_as("send")).status_code == 403


def test_health_is_open_to_everybody(guarded: TestClient) -> None:
    assert guarded.get("/healthz").status_code == 200


def test_a_page_of_another_origin_changes_nothing(client: TestClient) -> None:
    answer = client.post("/api/v1/anything", headers={"origin": "https://evil.example"})

    assert answer.status_code == 403
    assert "evil.example" in answer.json()["detail"]


def test_a_body_that_is_too_long_is_refused(guarded: TestClient) -> None:
    answer = guarded.post("/api/v1/anything", content=b"x" * 1_001, headers=_as("rule"))

    assert answer.status_code == 413


def test_every_answer_tells_the_browser_to_ask_nobody_else(client: TestClient) -> None:
    for path in ("/api/v1/", "/", "/api/docs", "/api/v1/nope"):
        headers = client.get(path).headers

        assert {name: headers[name] for name in HEADERS} == dict(HEADERS)


def test_a_bucket_refills_with_time_and_counts_each_address_for_itself() -> None:
    now = 0.0
    buckets = _Buckets(Limits(requests_per_second=2.0, burst=2.0), lambda: now)

    assert [buckets.wait("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.wait("b") == 0.0
    now = 0.5
    assert [buckets.wait("a") for _ in range(2)] == [0.0, 0.5]


def test_too_many_requests_are_told_when_to_come_again(shop: Analysis) -> None:
    app = create_app(fixed(shop), options=Options(limits=Limits(requests_per_second=0.001, burst=1)))
    client = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1))

    answers = [client.get("/api/v1/") for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 900


@pytest.mark.parametrize("path", ["/tracetune/api/v1/", "/api/v1/", "/tracetune/services/payments"])
def test_a_prefix_works_whether_the_proxy_strips_it_or_not(shop: Analysis, path: str) -> None:
    app: FastAPI = create_app(fixed(shop), options=Options(prefix="/tracetune"))
    client = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1))

    answer = client.get(path)

    assert answer.status_code == 200
    if "services" in path:
        assert '<base href="/tracetune/">' in answer.text
