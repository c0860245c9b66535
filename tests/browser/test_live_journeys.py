"""What people do with the live pages, from an alert to its cause and back, by mouse and by keyboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotInTime
from tests.browser.conftest import Serve
from tests.browser.servers import published

from tracetune.live.events import MinuteClosed

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
WHEN = "?from=2026-06-21T12:00:00Z&to=2026-06-21T16:00:00Z"


def settled(page: Page) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def asked(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def test_an_alerts_link_shows_the_cause_at_once_and_its_charts_by_one_click(visit: Visit) -> None:
    page = visit("/incidents/INC-3f9c")
    settled(page)

    expect(page.locator("main h1")).to_contain_text("payments")
    expect(page.locator("#why").get_by_text("95 % of the rise.")).to_be_visible()
    page.locator("#happened").get_by_role("link", name="payments Authorize").click()

    expect(page.locator("main h1")).to_have_text("payments")
    label = page.locator("#durations .timechart").first
    label.wait_for()
    assert "Outside its expected range" in str(label.get_attribute("aria-label"))


def test_the_overview_leads_to_the_cause_in_one_click(visit: Visit) -> None:
    page = visit("/", story="going")
    settled(page)

    page.get_by_role("link", name="Investigate").click()

    expect(page.locator("#why").get_by_text("95 % of the rise.")).to_be_visible()


def test_keys_choose_a_row_enter_opens_it_and_back_keeps_the_choice(visit: Visit) -> None:
    page = visit(f"/{WHEN}")

    page.keyboard.press("j")  # before the rows have come, perhaps: it counts all the same
    page.keyboard.press("j")
    chosen = page.locator(".anomaly.chosen")
    expect(chosen).to_have_count(1)
    expect(page.locator(".anomaly").nth(1)).to_have_class("anomaly chosen")
    name = chosen.locator("b").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text(name)
    page.go_back()

    expect(page.locator(".anomaly").nth(1)).to_have_class("anomaly chosen")


def test_dragging_zooms_by_the_address_and_a_double_click_goes_back(visit: Visit) -> None:
    page = visit(f"/services/payments{WHEN}")
    settled(page)
    chart = page.locator("#durations .timechart .u-over").first

    def drag() -> None:
        box = chart.bounding_box()
        assert box
        page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 80)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 80, steps=4)
        page.mouse.up()

    until_address(page, drag, "**from=2026-06-21T14:1**")
    assert asked(page, "to").startswith("2026-06-21T15:1")
    expect(page.get_by_role("button", name="Pinned")).to_be_visible()
    settled(page)
    until_address(page, chart.dblclick, "**from=2026-06-21T12:00:00Z**")


def until_address(page: Page, act: Callable[[], None], address: str) -> None:
    """Do it, and again where a chart was drawn anew in the middle of the gesture and took none of it."""
    for _ in range(3):
        act()
        try:
            page.wait_for_url(address, timeout=5_000)
        except NotInTime:
            continue
        return
    page.wait_for_url(address, timeout=1)


def test_zooming_does_not_change_which_minutes_are_anomalous(visit: Visit) -> None:
    labels = []
    for when in (WHEN, "?from=2026-06-21T13:50:00Z&to=2026-06-21T14:00:00Z"):
        page = visit(f"/services/payments{when}")
        settled(page)
        chart = page.locator("#durations .timechart").first
        chart.wait_for()
        labels.append(chart.get_attribute("aria-label"))

    assert labels[0] == labels[1]
    assert "Outside its expected range" in str(labels[0])


def test_dragging_over_the_strips_chooses_a_window_for_every_screen(visit: Visit) -> None:
    page = visit(f"/{WHEN}")
    settled(page)
    strip = page.locator("#spread .heat svg").first
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box

    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 5, steps=4)
    page.mouse.up()

    page.wait_for_url("**from=2026-06-21T13:00:00Z**")
    page.get_by_role("link", name="Services").click()
    assert asked(page, "from") == "2026-06-21T13:00:00Z"


def test_a_relative_range_stays_relative_and_a_copied_link_is_pinned(visit: Visit) -> None:
    page = visit("/?from=now-12h")
    settled(page)
    headline = page.locator("main h1").inner_text()

    page.reload()
    settled(page)
    assert asked(page, "from") == "now-12h"
    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("navigator.clipboard.readText()")

    assert "from=2026-06-21T12:00:00Z&to=2026-06-22T00:00:00Z" in link
    fresh = visit("/" + link.split("/", 3)[3])
    settled(fresh)
    assert fresh.locator("main h1").inner_text() == headline


@pytest.mark.parametrize("path", ["/services", "/services/payments", "/scaling", "/incidents/INC-3f9c"])
def test_every_page_opened_by_itself_knows_its_window(visit: Visit, path: str) -> None:
    page = visit(f"{path}?from=now-3h")
    settled(page)

    page.keyboard.press("[")

    page.wait_for_url("**from=2026-06-21T18:00:00Z&to=2026-06-21T21:00:00Z**")


def test_the_picker_takes_any_pasted_time_and_says_what_is_none(visit: Visit) -> None:
    page = visit(f"/{WHEN}")
    settled(page)

    page.keyboard.press("t")
    panel = page.get_by_role("dialog")
    panel.get_by_label("From").fill("soon")
    panel.get_by_role("button", name="Show").click()
    expect(panel.get_by_role("alert")).to_contain_text("“soon” is no time")
    panel.get_by_label("From").fill("1782043200")
    panel.get_by_label("To").fill("2026-06-21 15:00")
    panel.get_by_role("button", name="Show").click()

    page.wait_for_url("**from=2026-06-21T12:00:00Z&to=2026-06-21T15:00:00Z**")


def test_keys_go_to_screens_search_and_help(visit: Visit) -> None:
    page = visit("/")
    settled(page)

    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="11 services")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("bank")
    expect(page.get_by_role("option").first).to_contain_text("bank-gateway")
    page.keyboard.press("Enter")

    expect(page.locator("main h1")).to_have_text("bank-gateway")


def test_arrow_keys_walk_the_map_and_enter_opens_a_service(visit: Visit) -> None:
    page = visit(f"/{WHEN}&map=all")
    settled(page)
    page.locator("#map").get_by_role("link", name="frontend: ").focus()

    page.keyboard.press("ArrowRight")
    name = page.evaluate("document.activeElement.closest('[data-name]').dataset.name")
    page.keyboard.press("Enter")

    assert name != "frontend"
    expect(page.locator("main h1")).to_have_text(name)


def test_a_snooze_is_shown_and_can_be_ended(visit: Visit) -> None:
    page = visit("/incidents/INC-77a0", story="going")
    settled(page)

    page.keyboard.press("s")
    page.get_by_role("button", name="until it is over").click()
    expect(page.get_by_role("button", name="Snoozed until it is over")).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("alerts held back")
    page.get_by_role("button", name="Snoozed until it is over").click()

    expect(page.get_by_role("button", name="Snooze", exact=True)).to_be_visible()


def test_not_an_anomaly_takes_effect_at_once_and_can_be_undone(visit: Visit) -> None:
    page = visit("/incidents/INC-c218", story="going")
    settled(page)

    page.get_by_role("button", name="Not an anomaly").click()
    expect(page.get_by_text("no alerts about")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    undo.click()

    expect(page.get_by_role("button", name="Not an anomaly")).to_be_visible()


def test_a_new_minute_changes_the_page_without_a_jump_unless_it_is_paused(visit: Visit, serve: Serve) -> None:
    server = serve("one")
    page = visit("/", story="one")
    settled(page)
    before = server.publisher.current()
    assert before.analysis is not None
    page.evaluate("document.querySelector('#map').dataset.mine = 'kept'")

    news = dataclasses.replace(before.analysis, headline="Something else is known now.")
    server.publisher.publish(published(news, 2), [MinuteClosed(before.closed_minute, 2)])
    expect(page.locator("main h1")).to_have_text("Something else is known now.")
    assert page.locator("#map").get_attribute("data-mine") == "kept"
    page.get_by_role("button", name="Live").click()
    server.publisher.publish(published(before.analysis, 3), [MinuteClosed(before.closed_minute, 3)])
    page.get_by_role("button", name="Paused").wait_for()
    expect(page.locator("main h1")).to_have_text("Something else is known now.")
    page.get_by_role("button", name="Paused").click()

    expect(page.locator("main h1")).to_have_text(before.analysis.headline)


def test_charts_can_be_read_as_a_table_and_saved_as_csv(visit: Visit) -> None:
    page = visit(f"/services/payments{WHEN}")
    settled(page)

    page.get_by_role("button", name="Table").click()
    expect(page.locator("#durations tbody tr").first.locator("th")).to_contain_text("12:00")
    with page.expect_download() as download:
        page.locator("#durations").get_by_role("link", name="CSV").click()

    assert download.value.suggested_filename == "payments.csv"


def test_traces_lead_to_the_tool_that_shows_them_whole(visit: Visit) -> None:
    page = visit("/incidents/INC-3f9c")
    settled(page)

    link = page.locator("#traces").get_by_role("link", name="open").first

    expect(link).to_have_attribute(
        "href", "https://jaeger.invalid/trace/" + str(page.locator("#traces code").first.get_attribute("title"))
    )
    expect(page.locator("#traces").get_by_role("link", name="compare with usual").first).to_be_visible()


def test_the_list_of_services_says_what_each_ones_state_is(visit: Visit) -> None:
    page = visit(f"/services{WHEN}")
    settled(page)

    row = page.locator("#services tbody tr").first

    expect(row).to_contain_text("likely cause")
    expect(row).to_contain_text("Critical")


def test_the_slider_of_what_if_is_the_address_and_predicts_or_says_why_not(visit: Visit) -> None:
    page = visit("/scaling", story="queues")

    slider = page.get_by_role("slider", name="Load")
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    page.wait_for_url("**load=1.2")
    expect(page.locator("#whatif .outcome")).to_contain_text("At 1.2 times the load", timeout=60_000)
    page.get_by_role("button", name="One replica of s3 more").click()
    page.wait_for_url("**replicas=s3:2")
    expect(page.locator("#whatif .outlook")).to_contain_text("was 1")
    page.reload()

    expect(page.get_by_role("slider", name="Load")).to_have_value("1.2")
    expect(page.locator("#whatif output").last).to_have_text("2")


def test_without_whole_traces_what_if_says_what_it_takes(visit: Visit) -> None:
    page = visit("/scaling", story="short")

    expect(page.locator("#whatif .empty")).to_contain_text("no whole calls are at hand", timeout=30_000)
