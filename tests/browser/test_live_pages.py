"""Every live page as it is met: accessible, small, quiet towards the network, and readable on any screen."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import HOSTILE, Serve

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
STATIC = Path(__file__).resolve().parents[2] / "src" / "tracetune" / "api" / "static"
WHEN = "?from=2026-06-21T12:00:00Z&to=2026-06-21T16:00:00Z"
SCREENS = {
    "overview": f"/{WHEN}",
    "list": f"/{WHEN}&map=list",
    "services": f"/services{WHEN}",
    "service": f"/services/payments{WHEN}",
    "store": f"/services/catalog-db{WHEN}",
    "incident": f"/incidents/INC-3f9c{WHEN}",
    "scaling": "/scaling",
    "alerts": "/alerts",
    "data": "/data",
}


def violations(page: Page, axe: str) -> list[Any]:
    settled(page)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })")
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]


def settled(page: Page) -> None:
    """Until everything that the screen asked for has come."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


@pytest.mark.parametrize("screen", ["overview", "service", "incident"])
def test_axe_finds_nothing_on_the_main_screens(visit: Visit, axe: str, screen: str) -> None:
    found = violations(visit(SCREENS[screen], story="going"), axe)

    assert found == [], json.dumps(found, indent=1)


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_on_any_screen_in_any_theme(
    visit: Visit, axe: str, screen: str, scheme: str, width: int
) -> None:
    found = violations(visit(SCREENS[screen], scheme=scheme, width=width), axe)

    assert found == [], json.dumps(found, indent=1)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("story", ["empty", "short", "one", "large"])
def test_axe_finds_nothing_in_any_state(visit: Visit, axe: str, story: str, scheme: str) -> None:
    found = violations(visit("/", story=story, scheme=scheme), axe)

    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("screen", ["overview", "service", "incident", "scaling"])
def test_a_phone_never_scrolls_sideways(visit: Visit, screen: str) -> None:
    page = visit(SCREENS[screen], width=390, height=844)
    settled(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
@pytest.mark.parametrize("story", ["hostile", "short", "empty", "one", "large", "going"])
@pytest.mark.parametrize("width", [390, 1366])
def test_no_story_scrolls_sideways(visit: Visit, story: str, width: int) -> None:
    service = "payments" + (quote(HOSTILE, safe="") if story == "hostile" else "")
    for path in ["/", f"/{WHEN}", f"/services/{service}{WHEN}", "/services", "/scaling", "/alerts", "/data"]:
        if story in {"short", "one"} and "services/" in path:
            continue
        page = visit(path, story=story, width=width)
        settled(page)

        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_hostile_names_are_shown_as_text_and_run_nothing(visit: Visit) -> None:
    page = visit(f"/services/{quote('payments' + HOSTILE, safe='')}{WHEN}", story="hostile")
    settled(page)

    expect(page.locator("main h1")).to_contain_text("<script>alert(2)</script>")
    assert page.locator("main img").count() == 0
    assert page.locator("main script").count() == 0


def test_the_pages_stay_within_their_budgets() -> None:
    sizes = {
        kind: sum(len(gzip.compress(file.read_bytes())) for file in STATIC.glob(f"assets/*.{kind}"))
        for kind in ("js", "css", "woff2")
    }

    assert sizes["js"] <= 90_000
    assert sizes["css"] <= 12_000
    assert sum(sizes.values()) <= 250_000


def test_pages_work_behind_a_prefix(visit: Visit) -> None:
    page = visit(f"/{WHEN}", story="prefixed")
    settled(page)

    page.locator("#map").get_by_role("link", name="payments: ").click()

    expect(page.locator("main h1")).to_have_text("payments")
    assert "/tracetune/services/payments?" in page.url
    page.reload()
    expect(page.locator("main h1")).to_have_text("payments")


def test_before_the_first_span_there_is_a_checklist_with_something_to_paste(visit: Visit) -> None:
    page = visit("/", story="empty")

    expect(page.locator("main h1")).to_contain_text("Waiting for the first span")
    expect(page.get_by_text("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318")).to_be_visible()
    page.get_by_role("button", name="Istio").click()
    expect(page.locator(".copytext pre")).to_contain_text("kind: Telemetry")
    page.get_by_role("button", name="Copy", exact=True).click()
    assert "randomSamplingPercentage" in page.evaluate("navigator.clipboard.readText()")


def test_too_little_history_is_learning_and_no_warning(visit: Visit) -> None:
    page = visit("/", story="short")
    settled(page)

    expect(page.locator("#map .legend")).to_contain_text("Learning")
    assert page.locator("#map .node.critical, #map .node.warning, #map .node.minor").count() == 0


def test_two_hundred_services_show_the_affected_ones_first(visit: Visit) -> None:
    page = visit(f"/{WHEN}", story="large")
    settled(page)

    expect(page.locator("#map .note").first).to_contain_text("of 211 services")
    shown = page.locator("#map [data-name]").count()
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator("#map [data-name]")).to_have_count(211)
    assert shown < 60


def test_a_minute_that_is_asked_for_twice_is_drawn_at_the_same_places(visit: Visit) -> None:
    places = []
    for _ in range(2):
        page = visit(f"/{WHEN}&map=all")
        settled(page)
        places.append(
            page.locator("#map [data-name]").evaluate_all("all => all.map(one => one.getAttribute('transform'))")
        )

    assert places[0] == places[1]
    assert len(places[0]) == 11


def test_paper_shows_what_was_folded(visit: Visit) -> None:
    page = visit(SCREENS["incident"])
    settled(page)

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert page.locator("details:not([open])").count() == 0


def test_what_is_not_there_is_said_with_what_is(browser: Browser, serve: Serve) -> None:
    page = browser.new_page()

    page.goto(f"{serve('shop').address}/services/nobody")

    expect(page.get_by_role("alert")).to_contain_text("nobody")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.close()
