"""The screens about alerts, receivers and models in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Serve
from tests.browser.test_live_pages import WHEN, settled, violations

from tracetune.live.status import Status

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


def test_a_test_message_says_how_each_channel_took_it(visit: Visit) -> None:
    page = visit("/alerts", story="running")

    page.get_by_role("button", name="Send a test").click()

    row = page.get_by_role("row", name="slack")
    expect(row).to_contain_text("Critical")
    expect(row.locator(".fault")).to_contain_text("slack")
    assert "secret" not in page.locator("main").inner_text()


def test_maintenance_is_announced_and_ended(visit: Visit) -> None:
    page = visit("/alerts", story="running")

    page.get_by_label("Of", exact=True).select_option("catalog")
    page.get_by_label("For", exact=True).select_option("2 hours")
    page.get_by_label("Why", exact=True).fill("index rebuild")
    page.get_by_role("button", name="Hold back alerts").click()
    row = page.get_by_role("row", name="catalog")
    expect(row).to_contain_text("maintenance")
    expect(row).to_contain_text("index rebuild")
    row.get_by_role("button", name="End now").click()

    expect(page.get_by_text("Nothing is held back.")).to_be_visible()


def test_a_start_that_is_no_time_is_said_before_anything_is_sent(visit: Visit) -> None:
    page = visit("/alerts", story="running")

    page.get_by_label("From (UTC)").fill("soon")
    page.get_by_role("button", name="Hold back alerts").click()

    expect(page.get_by_role("alert")).to_contain_text("“soon” is no time")


def test_feedback_stands_among_the_rules_and_is_undone(visit: Visit) -> None:
    page = visit(f"/incidents/INC-3f9c{WHEN}", story="running")
    page.get_by_role("button", name="Not an anomaly").click()
    expect(page.get_by_role("button", name="Undo “not an anomaly”")).to_be_visible()

    page.keyboard.press("g")
    page.keyboard.press("a")
    rules = page.locator("#feedback tbody tr")
    expect(rules).to_have_count(3)
    for left in (2, 1, 0):
        rules.first.get_by_role("button", name="Undo").click()
        expect(rules).to_have_count(left)


def test_every_receiver_says_what_it_took_and_what_is_wrong_with_it(visit: Visit, serve: Serve) -> None:
    page = visit("/data", story="running")

    sources = page.locator("#sources")
    expect(sources.get_by_role("row", name="127.0.0.1:4317")).to_contain_text("1,240,000")
    expect(sources.get_by_role("row", name="127.0.0.1:9411")).to_contain_text("nothing yet")
    expect(sources.get_by_role("row", name="broker:9092")).to_contain_text("broker away since 14:03")
    expect(sources.get_by_role("alert")).to_contain_text("kafka: broker away")
    assert isinstance(serve("running").publisher.current().status, Status)


def test_a_training_is_asked_for_seen_again_and_cancelled(visit: Visit) -> None:
    page = visit("/data", story="running")

    page.get_by_role("button", name="Train now").click()
    expect(page.get_by_text("A training begins when this minute ends.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("A training begins when this minute ends.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_text("The training was cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Train now")).to_be_enabled()


def test_models_stand_against_each_other(visit: Visit) -> None:
    page = visit("/data", story="running")

    rows = page.locator("#models table").first.locator("tbody tr")

    expect(rows.first).to_contain_text("latency p95")
    expect(rows.first).to_contain_text("of 15")
    expect(page.locator("#models thead").first).to_contain_text("Excursions found (F1)")


def test_another_load_is_answered_in_the_table_of_every_service(visit: Visit) -> None:
    page = visit("/scaling?load=1.2", story="running")
    settled(page)

    row = page.locator("#replicas").get_by_role("row", name="s2")
    expect(page.locator("#replicas thead")).to_contain_text("p95 at 1.2×")
    expect(row).to_contain_text("× load")


def test_an_incident_begins_with_what_why_and_what_to_do_first(visit: Visit) -> None:
    page = visit(f"/incidents/INC-3f9c{WHEN}", story="running")

    short = page.get_by_role("region", name="In short")

    expect(short).to_contain_text("frontend POST /checkout takes 294 ms on average, usually 126 ms.")
    expect(short).to_contain_text("The own time of payments grew from 24.7 ms to 184 ms: 95 % of the rise.")
    expect(short).to_contain_text("Roll back payments")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/alerts", "/data", "/scaling?load=1.2"])
def test_axe_finds_nothing_and_a_phone_never_scrolls_sideways(visit: Visit, axe: str, path: str, scheme: str) -> None:
    page = visit(path, story="running", scheme=scheme, width=390)

    found = violations(page, axe)

    assert found == [], json.dumps(found, indent=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
