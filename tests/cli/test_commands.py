from __future__ import annotations

import inspect
import json
import time
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml
from tests.sources.pods import pods_of, running_prometheus
from typer.testing import Result

from tracetune.cli import commands
from tracetune.errors import InvalidInput, NotFound, Unavailable
from tracetune.testing.build import build
from tracetune.testing.writers import write_spans

QUICK = ("--model", "baselines", "--quiet")


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


def _json(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def test_every_command_says_what_it_answers_and_gives_one_example() -> None:
    for command in commands.ALL:
        text = inspect.getdoc(command) or ""

        assert f"\b\ntracetune {command.__name__}" in text


def test_analyze_of_few_minutes_says_honestly_what_they_are_too_short_for(run: Run, few_traces: Path) -> None:
    found = _json(run("analyze", few_traces, "--json", *QUICK))

    assert found["headline"] == "2 services in 3 traces: too short to say what is normal."
    assert "30 minutes are the least" in found["limits"][0]
    assert (found["input"]["spans"], found["input"]["traces"], found["input"]["services"]) == (6, 3, 2)


def test_analyze_names_the_service_of_the_slow_release_first(run: Run, shop_files: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.html"

    found = _json(run("analyze", shop_files, "--json", "--report", report, *QUICK))

    (incident,) = [each for each in found["incidents"] if each["severity"] == "critical"]
    assert incident["explanation"]["causes"][0]["service_name"] == "payments"
    assert found["headline"].startswith("POST /checkout is slow because of payments")
    assert report.read_text("utf-8").startswith("<!doctype html>") or report.read_text("utf-8").startswith(
        "<!DOCTYPE html>"
    )


def test_analyze_prints_the_sentence_first_and_the_report_last(run: Run, few_traces: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.html"

    lines = run("analyze", few_traces, "--report", report, *QUICK).stdout.splitlines()

    assert lines[0] == "· 2 services in 3 traces: too short to say what is normal."
    assert str(report) in lines[-1]


def test_listing_exits_with_three_only_when_asked_to_fail(run: Run, shop_files: Path) -> None:
    calm = run("anomalies", shop_files, *QUICK)
    strict = run("anomalies", shop_files, "--fail-on", "critical", *QUICK)

    assert (calm.exit_code, strict.exit_code) == (0, 3)
    assert "payments" in calm.stdout


def test_too_little_data_to_judge_exits_with_four(run: Run, few_traces: Path) -> None:
    assert run("anomalies", few_traces, "--fail-on", "minor", *QUICK).exit_code == 4


def test_explain_shows_evidence_for_and_against(run: Run, shop_files: Path) -> None:
    text = run("explain", shop_files, *QUICK).stdout

    assert "    + its own time on the critical path" in text
    assert "    − " in text


def test_explain_of_an_unknown_incident_lists_the_known_ones(run: Run, shop_files: Path) -> None:
    result = run("explain", shop_files, "--incident", "INC-0000", *QUICK)

    assert isinstance(result.exception, NotFound)
    assert "INC-" in result.exception.hint


def test_tune_gives_advice_for_every_service(run: Run, shop_files: Path) -> None:
    advice = _json(run("tune", shop_files, "--json", *QUICK))

    assert {"payments", "checkout", "frontend"} <= {each["target_service"] for each in advice}


def test_patch_is_yaml_as_it_is(run: Run, shop_files: Path) -> None:
    text = run("tune", shop_files, "--patch", *QUICK).stdout

    documents = list(yaml.safe_load_all(text))
    assert text.startswith("#")
    assert all(document is None or "apiVersion" in document for document in documents)


def test_scaler_without_a_patch_that_it_would_be_for_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("tune", tmp_path, "--scaler", "keda")

    assert isinstance(result.exception, InvalidInput)
    assert "add --patch" in result.exception.hint


def test_tune_of_an_unknown_service_lists_the_known_ones(run: Run, shop_files: Path) -> None:
    result = run("tune", shop_files, "--service", "billing", *QUICK)

    assert isinstance(result.exception, NotFound)
    assert "payments" in result.exception.hint


def test_cpu_that_prometheus_knows_of_becomes_advice(run: Run, tmp_path: Path) -> None:
    with running_prometheus(tmp_path) as address:
        pods_of(address)
        spans = build(
            """
            shop GET /order 0ms +120ms kind=server
              payments Authorize 10ms +80ms kind=server instance=payment-a
            """,
            start_time_unix_nano=int(time.time() - 60) * 10**9,
            repeat=60,
        )
        write_spans(tmp_path / "traces.json", [spans])

        advice = _json(run("tune", tmp_path / "traces.json", "--prometheus", address, "--json", *QUICK))

    (cpu,) = [each for each in advice if each["knob"] == "cpu"]
    assert cpu["target_service"] == "payments"
    assert cpu["reasons"][0] == "CPU is the limit of payments: raise it from 0.5 to 1 cores a pod"
    assert "stopped in 40 % of the periods" in cpu["reasons"][1]


def test_prometheus_that_is_away_is_named_and_so_is_the_way_without_it(run: Run, few_traces: Path) -> None:
    result = run("tune", few_traces, "--prometheus", "http://127.0.0.1:9", *QUICK)

    assert isinstance(result.exception, Unavailable)
    assert "http://127.0.0.1:9 does not answer" in result.exception.message
    assert "works without it" in result.exception.hint


def test_doctor_names_missing_attributes_with_their_remedy(run: Run, few_traces: Path) -> None:
    found = _json(run("doctor", few_traces, "--json", "--quiet"))

    by_code = {problem["code"]: problem for problem in found["problems"]}
    assert "service.version" in by_code["no_service_version"]["remedy"]


def test_stored_minutes_of_two_runs_add_up(tmp_path: Path, few_traces: Path) -> None:
    import subprocess
    import sys

    store = f"chdb://{tmp_path / 'store'}"

    def tracetune(*arguments: object) -> Any:
        # The embedded engine opens one directory a process, so each run has its own.
        command = [sys.executable, "-m", "tracetune", *map(str, arguments), "--json", "--quiet"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603

    for _ in range(2):
        tracetune("analyze", few_traces, "--store", store, "--model", "baselines")
    found = tracetune("analyze", "--store", store, "--model", "baselines")

    assert found["input"]["spans"] == 12


def test_nothing_to_read_says_what_to_name(run: Run) -> None:
    result = run("analyze", *QUICK)

    assert isinstance(result.exception, InvalidInput)
    assert "--store" in result.exception.hint


def test_without_the_learning_library_the_shipped_network_is_used(
    run: Run, few_traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "no_such_backend")

    result = run("analyze", few_traces, "--quiet")

    assert result.exit_code == 0


def test_report_into_a_missing_folder_is_refused_by_name(run: Run, few_traces: Path) -> None:
    result = run("analyze", few_traces, "--report", "/no/such/folder/out.html", *QUICK)

    assert isinstance(result.exception, InvalidInput)
    assert "/no/such/folder/out.html" in result.exception.message


def test_settings_show_where_each_value_came_from(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tracetune.toml"
    file.write_text("[learn]\nseed = 7\n")

    found = _json(run("settings", "--json", "--config", file))

    assert found["learn.seed"] == {"value": "7", "origin": str(file)}


def test_version_is_the_package_version(run: Run) -> None:
    from tracetune import __version__

    assert run("version").stdout == f"tracetune {__version__}\n"
