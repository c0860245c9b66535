from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from tracetune.domain.analysis import Analysis
from tracetune.sinks import report
from tracetune.sinks.report import HtmlReport, render

HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'


@pytest.fixture(scope="module")
def page(shop: Analysis) -> str:
    return render(shop)


def test_the_page_holds_its_own_script_style_and_data_and_fetches_nothing(page: str) -> None:
    head, data = page.split('<script type="application/json" id="document">')

    assert not re.search(r"<(?:link|img|iframe|object|base)\b|<script[^>]+src=", page)
    assert "@import" not in head
    assert "url(http" not in head
    assert json.loads(data.split("</script>")[0])["facts"]["services"] == 11


def test_the_policy_lets_run_exactly_what_the_page_holds(page: str) -> None:
    script, style = re.findall(r"'sha256-([^']+)'", page)

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert digest(re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]) == script
    assert digest(re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]) == style
    assert "default-src 'none'" in page


def test_a_name_cannot_leave_its_place(analysis_data: ModuleType) -> None:
    page = render(analysis_data.shop_analysis(minutes=45, suffix=HOSTILE))

    assert "<img" not in page
    assert page.count("<script") == 2
    assert page.count("</script>") == 2


def test_a_headline_with_markup_is_text(shop: Analysis) -> None:
    from dataclasses import replace

    page = render(replace(shop, headline="<b>x</b> & y"))

    assert "<h1>&lt;b&gt;x&lt;/b&gt; &amp; y</h1>" in page


def test_a_day_of_a_shop_is_a_file_one_can_send_by_mail(page: str) -> None:
    assert len(page.encode()) < 400_000


def test_the_script_and_the_style_keep_to_their_budgets() -> None:
    import gzip

    assert len(gzip.compress(report._static("report.js").encode())) <= 90_000
    assert len(gzip.compress(report._static("report.css").encode())) <= 12_000


def test_the_script_does_not_end_its_own_element() -> None:
    assert "</script" not in report._static("report.js").lower()
    assert "<!--" not in report._static("report.js")
    assert "</style" not in report._static("report.css").lower()


def test_equal_analyses_give_equal_pages(shop: Analysis, page: str) -> None:
    assert render(shop) == page


def test_writing_replaces_the_old_report_and_leaves_nothing_beside_it(
    shop: Analysis, tmp_path: Path, page: str
) -> None:
    target = tmp_path / "out.html"
    target.write_text("old")

    HtmlReport(target).write(shop)

    assert target.read_text("utf-8") == page
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_report(shop: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.html"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space left"):
        HtmlReport(target).write(shop)

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_without_spans_gives_a_page_too(analysis_data: ModuleType) -> None:
    page = render(analysis_data.empty_analysis())

    assert "No spans were found in empty.json." in page
