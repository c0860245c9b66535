"""How quickly a chart of a week is drawn and zoomed in a real browser:  python benchmarks/bench_pages.py [MINUTES].

Every minute is drawn, more than readers are ever given: the report and the server leave out points beyond a chart's width.
A chart is drawn anew by choosing another operation, and zoomed by pressing on an anomaly; counted is the time that the
script takes until everything is on the canvas, for all the charts of the page together.

The map of MAP_SERVICES services is of the live pages, served by a process of its own: from asking for the page until every
service is on it, and what pointing at one costs until it is laid out anew.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import bench_api
import report
from bench_api import system
from tracetune.sinks import charts
from tracetune.sinks.report import HtmlReport

GOALS_MS = {"drawn anew": 150.0, "zoomed": 30.0, "map ready": 2_000.0, "map pointed at": 100.0}
REPEATS = 15
MAP_SERVICES, MAP_VISITS = 200, 5

POINTED = """async (at) => {
  const nodes = document.querySelectorAll("#map [data-name]");
  const begun = performance.now();
  nodes[at].dispatchEvent(new MouseEvent("mouseenter"));
  const { port1, port2 } = new MessageChannel();
  await new Promise((done) => { port1.onmessage = done; port2.postMessage(0); });
  document.querySelector("#map svg").getBoundingClientRect();
  const spent = performance.now() - begun;
  nodes[at].dispatchEvent(new MouseEvent("mouseleave"));
  return spent;
}"""

# uPlot draws in a microtask: when a message to oneself arrives, every one of them has run.
TIMED = """async ([selector, act]) => {
  const element = document.querySelector(selector);
  const begun = performance.now();
  if (act === "click") element.click();
  else {
    element.selectedIndex = (element.selectedIndex + 1) % element.options.length;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const { port1, port2 } = new MessageChannel();
  await new Promise((done) => { port1.onmessage = done; port2.postMessage(0); });
  return performance.now() - begun;
}"""


def measured(page: Page, selector: str, act: str) -> list[float]:
    """Milliseconds, each time anew; between two zooms all is shown again."""
    found = []
    for _ in range(REPEATS):
        found.append(float(page.evaluate(TIMED, [selector, act])))
        page.locator(".timechart").first.press("Escape")
        page.wait_for_timeout(50)
    return found


def of_the_map(browser: Browser) -> dict[str, list[float]]:
    """Milliseconds until the whole map is there, and of pointing at its services one after another."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, bench_api.__file__, "--serve", str(port), str(MAP_SERVICES), "1"]
    found: dict[str, list[float]] = {"map ready": [], "map pointed at": []}
    with subprocess.Popen(command) as server:  # noqa: S603 - ours
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
                bench_api.wait(client, server)
            for _ in range(MAP_VISITS):
                page = browser.new_page(viewport={"width": 1366, "height": 768})
                begun = time.perf_counter()
                page.goto(f"http://127.0.0.1:{port}/?from=now-3h&map=all")
                page.locator("#map [data-name]").nth(MAP_SERVICES - 1).wait_for(state="attached")
                found["map ready"].append(1e3 * (time.perf_counter() - begun))
                found["map pointed at"] += [float(page.evaluate(POINTED, at)) for at in range(0, MAP_SERVICES, 10)]
                page.close()
        finally:
            server.kill()
    return found


def main() -> None:
    """Write a report of so many minutes, open it, measure, print."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_080
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        charts.MOST_POINTS = 2 * minutes  # else a report keeps the highest and the lowest of each stretch
        HtmlReport(file).write(system(4, minutes))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(file.as_uri())
        page.locator(".timechart canvas").first.wait_for()
        found = {
            "drawn anew": measured(page, "#durations select", "change"),
            "zoomed": measured(page, "#incidents tbody a", "click"),
            **of_the_map(browser),
        }
        browser.close()
    print(f"{minutes:,} minutes, {file.name} in Chromium, {REPEATS} times each")
    print(f"{'milliseconds':14} {'median':>8} {'p90':>8} {'goal':>8}")
    figures: dict[str, float] = {}
    for name, times in found.items():
        median, high = float(np.median(times)), float(np.percentile(times, 90))
        print(f"{name:14} {median:8.1f} {high:8.1f} {GOALS_MS[name]:8.0f}")
        figures |= {f"{name}: median_ms": round(median, 1), f"{name}: p90_ms": round(high, 1)}
    report.save(
        "pages", (), minutes=minutes, **{f"{name}: goal_ms": goal for name, goal in GOALS_MS.items()}, **figures
    )


if __name__ == "__main__":
    main()
