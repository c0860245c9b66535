from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from tests.api.real import served

from tracetune.api.access import Access, Role
from tracetune.api.app import Options, create_app
from tracetune.api.sessions import COOKIE, LASTS_SECONDS
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis

TOKENS = {"look": Role.READ, "send": Role.INGEST, "rule": Role.ADMIN}
SESSION = "/api/v1/session"
SNOOZE = {"incident_id": "INC-3f9c", "lasts": "2h"}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser(shop: Analysis, clock: Clock) -> TestClient:
    """Keeps cookies as a browser does, and comes from another machine."""
    app = create_app(fixed(shop), options=Options(access=Access(tokens=TOKENS, clock=clock)))
    return TestClient(app, base_url="http://box", raise_server_exceptions=False)


def _sign_in(browser: TestClient, token: str) -> Any:
    return browser.post(SESSION, json={"token": token}, headers={"origin": "http://box"})


def test_the_pages_come_without_a_token_but_no_data_do(browser: TestClient) -> None:
    assert browser.get("/incidents/INC-3f9c").status_code == 200
    for path in ("/api/v1/overview", "/api/v1/stream", "/api/v1/openapi.json", "/api/docs", "/metrics"):
        assert browser.get(path).status_code == 401, path
    assert browser.get(SESSION).json() == {"role": "nobody", "user": "", "until": None, "asks_for_token": True}


def test_a_token_shown_once_is_enough_for_every_request_that_follows(browser: TestClient) -> None:
    told = _sign_in(browser, "look")

    cookie = told.headers["set-cookie"]
    assert told.json()["role"] == "read"
    assert "look" not in cookie
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/;", f"Max-Age={LASTS_SECONDS}"))
    assert browser.get("/api/v1/overview").status_code == 200
    assert browser.get(SESSION).json()["until"] == "2027-01-15T20:00:00Z"


def test_a_session_may_do_what_its_token_may(browser: TestClient) -> None:
    _sign_in(browser, "look")

    refused = browser.post("/api/v1/snoozes", json=SNOOZE, headers={"origin": "http://box"})
    _sign_in(browser, "rule")
    taken = browser.post("/api/v1/snoozes", json=SNOOZE, headers={"origin": "http://box"})

    assert (refused.status_code, taken.status_code) == (403, 201)
    assert "read" in refused.json()["detail"]


def test_a_token_for_sending_opens_no_session(browser: TestClient) -> None:
    assert _sign_in(browser, "send").status_code == 403
    assert _sign_in(browser, "nope").status_code == 401
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {}])
def test_a_session_changes_nothing_for_a_page_of_another_origin(browser: TestClient, headers: dict[str, str]) -> None:
    _sign_in(browser, "rule")

    assert browser.post("/api/v1/snoozes", json=SNOOZE, headers=headers).status_code == 403
    assert browser.get("/api/v1/snoozes").json() == []


def test_a_browser_that_names_its_site_may_change_things_without_an_origin(browser: TestClient) -> None:
    _sign_in(browser, "rule")

    assert browser.post("/api/v1/snoozes", json=SNOOZE, headers={"sec-fetch-site": "same-origin"}).status_code == 201


def test_signing_out_ends_it(browser: TestClient) -> None:
    _sign_in(browser, "look")

    assert browser.delete(SESSION, headers={"origin": "http://box"}).status_code == 204
    assert browser.get("/api/v1/overview").status_code == 401


def test_a_session_ends_by_itself(browser: TestClient, clock: Clock) -> None:
    _sign_in(browser, "look")
    clock.now += LASTS_SECONDS + 1

    answer = browser.get("/api/v1/overview")

    assert (answer.status_code, answer.json()["detail"]) == (401, "the session has ended")


def test_whoever_guesses_tokens_is_slowed_down(browser: TestClient) -> None:
    found = [_sign_in(browser, f"guess {number}").status_code for number in range(12)]

    assert found[:10] == [401] * 10
    assert 429 in found[10:]


def test_without_tokens_there_is_nothing_to_sign_in_with(client: TestClient) -> None:
    assert client.get(SESSION).json() == {"role": "admin", "user": "", "until": None, "asks_for_token": False}


def test_behind_tls_the_cookie_is_for_tls_only(shop: Analysis) -> None:
    options = Options(access=Access(tokens=TOKENS), prefix="/tracetune", external_url="https://ops.example/tracetune")
    browser = TestClient(create_app(fixed(shop), options=options), base_url="http://box")

    cookie = _sign_in(browser, "look").headers["set-cookie"]

    assert "Secure" in cookie
    assert "Path=/tracetune/" in cookie


@pytest.fixture
def real(shop: Analysis) -> Iterator[str]:
    with served(create_app(fixed(shop), options=Options(access=Access(tokens=TOKENS)))) as url:
        yield url


def test_the_stream_opens_by_the_cookie_on_a_real_server(real: str) -> None:
    with httpx.Client(base_url=real) as browser:
        assert browser.get("/api/v1/stream").status_code == 401
        browser.post(SESSION, json={"token": "look"}, headers={"origin": real})

        with browser.stream("GET", "/api/v1/stream") as stream:
            lines = stream.iter_lines()
            first = [next(lines) for _ in range(3)]

    assert first == ["retry: 2000", "", "event: snapshot"]
