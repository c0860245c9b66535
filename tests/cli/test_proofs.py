from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any, Protocol

from typer.testing import Result

from tracetune.cli import proofs
from tracetune.errors import InvalidInput, NotEnoughData

QUICK = ("--model", "baselines", "--quiet")
TRUTH = "service,start,end,kind\npayments,2026-03-02T02:30:00Z,2026-03-02T03:05:00Z,release_regression\n"


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


def _json(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def test_every_command_says_what_it_answers_and_gives_one_example() -> None:
    for command in proofs.ALL:
        text = inspect.getdoc(command) or ""

        assert f"\b\ntracetune {command.__name__.replace('_', '-')}" in text


def test_backtest_counts_hits_of_both_sides_against_the_truth(run: Run, shop_files: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(TRUTH)
    rule = "frontend POST /checkout p95>60s"

    found = _json(run("backtest", shop_files, "--static", rule, "--truth", truth, "--json", *QUICK))

    assert (found["tracetune"]["hits"], found["tracetune"]["misses"], found["tracetune"]["false_pages"]) == (1, 0, 0)
    assert (found["static"]["hits"], found["static"]["misses"]) == (0, 1)
    assert found["static_rules"] == ["frontend POST /checkout p95>60 s"]
    assert found["truth"][0]["is_fault"]
    assert found["judged_minutes"] == 100


def test_backtest_prints_the_sentence_first_and_names_what_was_missed(
    run: Run, shop_files: Path, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(TRUTH)

    lines = run("backtest", shop_files, "--static", "frontend p95>60s", "--truth", truth, *QUICK).stdout.splitlines()

    assert lines[0].startswith("In the 100 minutes judged tracetune paged for 1 of 1 fault")
    assert "· missed by the static thresholds: release_regression in payments, 2026-03-02 02:30" in lines
    assert any(line.startswith("tracetune ") for line in lines)


def test_a_threshold_that_cannot_be_read_is_refused_before_the_traces_are(run: Run) -> None:
    result = run("backtest", "/no/such/file", "--static", "frontend is slow", *QUICK)

    assert isinstance(result.exception, InvalidInput)
    assert "'frontend is slow' cannot be read" in result.exception.message


def test_power_gives_trials_of_each_size_for_every_operation_and_service(run: Run, shop_files: Path) -> None:
    found = _json(run("power", shop_files, "--size", 4, "--trials", 1, "--minutes", 12, "--json", *QUICK))

    services = {each["service_name"] for each in found["services"]}
    assert services == {each["service_name"] for each in found["operations"]}
    assert {size["factor"] for each in found["operations"] for size in each["sizes"]} == {4.0}
    assert found["headline"].startswith("Slowed down to 4× for 12 minutes")


def test_compare_history_says_what_it_has_no_data_for(run: Run, shop_files: Path) -> None:
    result = run("compare-history", "24h", "7d", shop_files, *QUICK)

    assert isinstance(result.exception, NotEnoughData)
    assert "24h of history is longer" in result.exception.message or "too few" in result.exception.message


def test_compare_history_asks_for_lengths_before_it_reads(run: Run) -> None:
    none = run("compare-history", "/no/such/file", *QUICK)
    odd = run("compare-history", "3w", "/no/such/file", *QUICK)

    assert "no length of history" in str(none.exception)
    assert "'3w'" in str(odd.exception)
