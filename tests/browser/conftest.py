"""A real browser and the pages to look at; skipped with the reason where a part is missing."""

from __future__ import annotations

import dataclasses
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

from tracetune import pipeline
from tracetune.api.access import Access, Role
from tracetune.api.app import Options
from tracetune.api.build import channels
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.analysis import Analysis
from tracetune.live.jobs import Jobs
from tracetune.live.publisher import Snapshot
from tracetune.live.status import Status
from tracetune.settings import AlertSettings
from tracetune.sinks.report import HtmlReport

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # pytest's importlib mode puts no test folder on the path by itself

from tests.browser import servers  # noqa: E402
from tests.sinks import analysis_data  # noqa: E402
from tests.tuning import queue_data  # noqa: E402

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
TOKENS = {"look": Role.READ, "send": Role.INGEST, "rule": Role.ADMIN}
NOBODY = "http://127.0.0.1:9/services/T/B/secret"  # the discard port: nobody listens
expect.set_options(timeout=30_000)  # milliseconds; a page may be drawn while another process works on the same cores
HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>-' + "long" * 30


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as which containers and CI run; the pages are our own.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("no axe-core; run 'npm ci' in web/")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of the reports: a full day, names that attack, half an hour, nothing."""
    analyses = {
        "shop": analysis_data.shop_analysis(),
        "hostile": analysis_data.shop_analysis(suffix=HOSTILE),
        "short": analysis_data.shop_analysis(minutes=25),
        "empty": analysis_data.empty_analysis(),
        "queues": _with_what_ifs(analysis_data.shop_analysis()),
        "minutes": dataclasses.replace(analysis_data.shop_analysis(minutes=25), what_ifs=pipeline.what_ifs(None, ())),
    }
    folder = tmp_path_factory.mktemp("reports")
    for name, analysis in analyses.items():
        HtmlReport(folder / f"{name}.html").write(analysis)
    return {name: (folder / f"{name}.html").as_uri() for name in analyses}


def _with_what_ifs(shop: Analysis) -> Analysis:
    """The answers of an application whose queues are known, worked out with the advice to give s3 a second replica."""
    change = Advice(
        "s3", "", Knob.REPLICAS, Action.SET, "replicas", 1, 2, 2, 2, Confidence.HIGH, ("set s3 to 2 replicas, now 1",)
    )
    answers = pipeline.what_ifs(queue_data.model(), [change])
    return dataclasses.replace(shop, advice=(change, *shop.advice), what_ifs=answers)


Serve = Callable[[str], servers.Server]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Starts the server over one of the stories of ``_snapshot`` (or "prefixed"), each at most once."""
    started: dict[str, servers.Server] = {}
    with ExitStack() as stack:

        def start(story: str) -> servers.Server:
            if story not in started:
                started[story] = stack.enter_context(servers.served(_snapshot(story), _options(story)))
            return started[story]

        yield start


def _options(story: str) -> Options:
    if story == "prefixed":
        return Options(prefix="/tracetune", links=servers.LINKS)
    if story == "guarded":
        return Options(access=Access(tokens=TOKENS), links=servers.LINKS)
    if story == "running":
        return Options(links=servers.LINKS, jobs=Jobs(), channels=tuple(channels(AlertSettings(slack_url=NOBODY))))
    return Options(links=servers.LINKS)


def _snapshot(story: str) -> Snapshot:
    if story == "empty":
        return Snapshot(status=Status(ready=True))
    if story == "short":
        return servers.published(servers.learning(analysis_data.shop_analysis(minutes=25)))
    if story == "hostile":
        return servers.published(analysis_data.shop_analysis(suffix=HOSTILE))
    shop = analysis_data.shop_analysis()
    if story == "running":
        return servers.running(shop)
    made = {
        "going": servers.open_incident,
        "guarded": servers.open_incident,
        "large": servers.large,
        "one": servers.one_service,
        "queues": servers.with_queues,
    }
    return servers.published(made[story](shop) if story in made else shop)


@pytest.fixture
def visit(browser: Browser, serve: Serve) -> Iterator[Callable[..., Page]]:
    """Opens a live page; at the end nothing may have been asked of another origin, and nothing may have gone wrong in it."""
    troubles: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(
        path: str, *, story: str = "shop", width: int = 1366, height: int = 768, scheme: str = "light"
    ) -> Page:
        address = serve(story).address
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        _watch(page, address, troubles)
        page.goto(address + path)
        page.locator("main h1").first.wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def _watch(page: Page, address: str, troubles: list[str]) -> None:
    def requested(request: Request) -> None:
        if not request.url.startswith(address):
            troubles.append(f"requested {request.url}")

    def opened(dialog: Dialog) -> None:
        troubles.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def said(message: ConsoleMessage) -> None:
        # "Cannot say" is an answer there, and so is that a token is wrong or missing: the page tells it.
        refused = "/api/v1/whatif" in message.location["url"] or re.search("status of 40[13] ", message.text)
        if message.type in {"error", "warning"} and not refused:
            troubles.append(f"{message.type} {message.text}")

    page.on("request", requested)
    page.on("dialog", opened)
    page.on("console", said)
    page.on("pageerror", lambda error: troubles.append(str(error)))
