"""The pages of a server that has tokens, in a real browser: signing in, looking only, changing things, signing out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.test_live_pages import WHEN, settled, violations

from tracetune.api.sessions import COOKIE

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
INCIDENT = f"/incidents/INC-3f9c{WHEN}"


def _sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def test_the_page_that_was_asked_for_opens_after_signing_in_and_lives(visit: Visit) -> None:
    page = visit("/incidents/INC-3f9c", story="guarded")
    expect(page.locator("main h1")).to_have_text("Sign in")
    expect(page.get_by_label("Token")).to_be_focused()

    _sign_in(page, "rule")

    expect(page.locator("main h1")).to_contain_text("because of payments")
    expect(page.locator(".livebutton")).to_contain_text("Live")
    page.reload()
    expect(page.locator("main h1")).to_contain_text("because of payments")
    (cookie,) = [each for each in page.context.cookies() if each["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""


def test_a_wrong_token_is_said_and_can_be_corrected(visit: Visit) -> None:
    page = visit("/", story="guarded")

    _sign_in(page, "nope")
    expect(page.get_by_role("alert")).to_contain_text("not known")
    _sign_in(page, "send")
    expect(page.get_by_role("alert")).to_contain_text("for sending spans")
    _sign_in(page, "look")

    expect(page.locator("main h1")).to_contain_text("payments")


def test_whoever_may_only_look_is_offered_nothing_that_would_be_refused(visit: Visit) -> None:
    page = visit(INCIDENT, story="guarded")
    _sign_in(page, "look")
    expect(page.locator("main h1")).to_contain_text("payments")
    settled(page)

    assert page.get_by_role("button", name=re.compile("Snooze|Not an anomaly")).count() == 0
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    page.get_by_role("button", name="read only").click()
    expect(page.get_by_role("dialog", name="Who is signed in")).to_contain_text("admin token")


def test_an_admin_snoozes_by_cookie_and_signs_out(visit: Visit) -> None:
    page = visit(INCIDENT, story="guarded")
    _sign_in(page, "rule")
    expect(page.locator("main h1")).to_contain_text("payments")

    page.get_by_role("button", name=re.compile("^Snooze")).click()
    page.get_by_role("button", name="30 minutes").click()
    wake = page.get_by_role("button", name=re.compile("wake"))
    expect(wake).to_be_visible()
    wake.click()
    expect(wake).to_have_count(0)
    page.get_by_role("button", name="admin").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.locator("main h1")).to_have_text("Sign in")
    page.reload()
    expect(page.locator("main h1")).to_have_text("Sign in")


def test_a_session_that_ends_leads_back_to_the_door_and_then_to_the_same_page(visit: Visit) -> None:
    page = visit(INCIDENT, story="guarded")
    _sign_in(page, "look")
    expect(page.locator("main h1")).to_contain_text("payments")

    page.get_by_role("link", name="Services", exact=True).click()
    expect(page.locator("main h2").first).to_have_text("11 services")

    page.context.clear_cookies()
    # Asks for an earlier window, unless an answer that was under way has led to the door already.
    page.keyboard.press("[")
    expect(page.locator("main h1")).to_have_text("Sign in")
    _sign_in(page, "look")

    expect(page.locator("main h2").first).to_have_text(re.compile("services$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_the_door(visit: Visit, axe: str, scheme: str) -> None:
    page = visit("/", story="guarded", scheme=scheme, width=390)
    _sign_in(page, "nope")
    expect(page.get_by_role("alert")).to_be_visible()

    found = violations(page, axe)

    assert found == [], json.dumps(found, indent=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
