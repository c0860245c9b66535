"""The report as a reader meets it, in a real browser, opened from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
Scheme = Literal["dark", "light"]


@pytest.fixture
def visit(browser: Browser, pages: dict[str, str]) -> Iterator[Open]:
    """Opens a page; at the end nothing may have been asked of the network, and nothing may have gone wrong in it."""
    troubles: list[str] = []
    contexts = []

    def open_page(name: str = "shop", *, width: int = 1366, scheme: Scheme = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",  # no waiting for smooth scrolling
        )
        contexts.append(context)
        page = context.new_page()
        watch(page, pages[name], troubles)
        page.goto(pages[name])
        page.locator("main h1").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def watch(page: Page, address: str, troubles: list[str]) -> None:
    """Writes down every request but the page itself, every error and every dialog."""

    def requested(request: Request) -> None:
        if request.url != address:
            troubles.append(f"requested {request.url}")

    def opened(dialog: Dialog) -> None:
        troubles.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            troubles.append(f"{message.type} {message.text}")

    page.on("request", requested)
    page.on("dialog", opened)
    page.on("console", said)
    page.on("pageerror", lambda error: troubles.append(str(error)))


def violations(page: Page, axe: str) -> list[Any]:
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })")
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return [(rule["id"], [node["html"][:160] for node in rule["nodes"][:3]]) for rule in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["shop", "short", "empty"])
def test_axe_finds_nothing_to_complain_about(visit: Open, axe: str, name: str, scheme: Scheme) -> None:
    page = visit(name, scheme=scheme)

    found = violations(page, axe)

    assert found == [], json.dumps(found, indent=1)


def test_axe_finds_nothing_on_a_phone_or_in_the_table_of_minutes(visit: Open, axe: str) -> None:
    page = visit(width=390)
    page.get_by_role("button", name="Table").click()

    found = violations(page, axe)

    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("name", ["shop", "hostile", "short", "empty"])
@pytest.mark.parametrize("width", [390, 1366])
def test_the_page_never_scrolls_sideways(visit: Open, name: str, width: int) -> None:
    page = visit(name, width=width)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })")

    reached = page.evaluate("document.documentElement.scrollWidth")

    assert reached <= width


def test_hostile_names_are_shown_as_text_and_run_nothing(visit: Open) -> None:
    page = visit("hostile")

    expect(page.locator("main h1")).to_contain_text("<script>alert(2)</script>")
    assert page.locator("main img").count() == 0
    assert page.locator("main script").count() == 0


def test_the_first_incident_is_open_with_evidence_for_and_against(visit: Open) -> None:
    page = visit()

    first = page.locator("#incidents details").first

    expect(first.get_by_text("95 % of the rise.")).to_be_visible()
    expect(first.get_by_text("bank-gateway, which it calls, kept its usual 44 ms.")).to_be_visible()
    expect(first.get_by_text("slow against usual, same scale")).to_be_visible()


def test_an_anomaly_leads_to_its_minutes_in_the_chart(visit: Open) -> None:
    page = visit()

    page.locator("#incidents").get_by_role("link", name="payments Authorize").click()

    selected = page.locator("#durations-operation option:checked")
    expect(selected).to_have_text("payments Authorize")
    expect(page.get_by_role("button", name="Show all", exact=True)).to_be_visible()


def test_choosing_an_operation_changes_all_its_charts(visit: Open) -> None:
    page = visit()

    page.locator("#distribution-operation").select_option(label="frontend GET /")

    expect(page.get_by_role("img", name="Durations of frontend GET / per minute")).to_be_visible()
    expect(page.get_by_role("img", name="Own time on the critical path of frontend GET /")).to_be_visible()


def test_dragging_zooms_every_chart_and_a_double_click_shows_all_again(visit: Open) -> None:
    page = visit()
    over = page.locator("#durations .timechart .u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box

    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 80, steps=4)
    page.mouse.up()

    show_all = page.get_by_role("button", name="Show all", exact=True)
    expect(show_all).to_be_visible()
    page.get_by_role("button", name="Table").click()
    expect(page.locator("#durations tbody tr").first.locator("th")).to_have_text("12:30")
    page.get_by_role("button", name="Table").click()
    over.dblclick()
    expect(show_all).to_have_count(0)


def test_zooming_does_not_change_which_minutes_are_anomalous(visit: Open) -> None:
    page = visit()
    label = page.locator("#durations .timechart").first.get_attribute("aria-label")

    page.locator("#incidents").get_by_role("link", name="frontend POST /checkout").click()

    assert page.locator("#durations .timechart").first.get_attribute("aria-label") == label


def test_arrow_keys_read_the_chart_minute_by_minute(visit: Open) -> None:
    page = visit()
    page.locator("#durations .timechart").first.focus()

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")

    expect(page.locator("#durations .readout")).to_contain_text("00:10")
    expect(page.locator("#durations .readout")).to_contain_text("p95")


def test_the_readout_says_where_nothing_was_observed(visit: Open) -> None:
    page = visit()
    page.locator("#durations .timechart").first.focus()

    for _ in range(31):
        page.keyboard.press("Shift+ArrowRight")

    expect(page.locator("#durations .readout")).to_contain_text("05:09")
    expect(page.locator("#durations .readout")).to_contain_text("not observed")


def test_the_theme_follows_the_system_until_the_reader_chooses(visit: Open) -> None:
    page = visit(scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")

    page.get_by_role("button", name="Switch to the light theme").click()

    expect(root).to_have_attribute("data-theme", "light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(244, 246, 248)"


def test_charts_operations_and_the_map_are_reached_by_keyboard(visit: Open) -> None:
    page = visit()

    page.locator("#durations-operation").focus()
    reached = []
    for _ in range(45):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('class')"))

    assert "timechart" in reached
    assert any(str(name).startswith("node ") for name in reached)


def test_paper_shows_what_was_folded(visit: Open) -> None:
    page = visit()

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert page.locator("details:not([open])").count() == 0


def test_a_file_without_spans_says_what_is_missing_and_what_to_do(visit: Open) -> None:
    page = visit("empty")

    expect(page.locator("#durations")).to_contain_text("No operation was seen")
    expect(page.locator("#limits")).to_contain_text("30 are the least for a band")


def test_what_ifs_open_from_the_advice_and_the_slider_and_replicas_change_the_numbers(visit: Open, axe: str) -> None:
    page = visit("queues", width=390)
    page.get_by_role("link", name="What if?").click()
    outcome, slider = page.locator("#whatif .outcome"), page.get_by_role("slider", name="Load")

    expect(page.locator("#whatif")).to_be_in_viewport()
    expect(outcome).to_contain_text("At 1 times the load")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(outcome).to_contain_text("At 1.5 times the load")
    slider.press("End")
    expect(outcome).to_contain_text("cannot say, because")
    slider.press("Home")
    page.get_by_role("button", name="More replicas of s3").click()
    expect(outcome).to_contain_text("At 0.5 times the load")
    expect(outcome).to_contain_text("with 2 replicas of s3")
    expect(page.locator("#whatif .outlook")).to_contain_text("was 1")
    assert violations(page, axe) == []


def test_a_report_from_minutes_alone_says_why_it_holds_no_what_ifs(visit: Open) -> None:
    page = visit("minutes")

    expect(page.locator("#whatif .empty")).to_contain_text("because no whole traces are at hand")
    expect(page.get_by_role("link", name="What if?")).to_have_count(0)
