"""A real browser and the pages to look at; skipped with the reason where a part is missing."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, sync_playwright

from tracetune.sinks.report import HtmlReport

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
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
    data = _analysis_data()
    analyses = {
        "shop": data.shop_analysis(),
        "hostile": data.shop_analysis(suffix=HOSTILE),
        "short": data.shop_analysis(minutes=25),
        "empty": data.empty_analysis(),
    }
    folder = tmp_path_factory.mktemp("reports")
    for name, analysis in analyses.items():
        HtmlReport(folder / f"{name}.html").write(analysis)
    return {name: (folder / f"{name}.html").as_uri() for name in analyses}


def _analysis_data() -> ModuleType:
    """``tests/sinks/analysis_data.py``: pytest's importlib mode puts no test folder on the path by itself."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module("tests.sinks.analysis_data")
