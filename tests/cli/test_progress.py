from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracetune.cli.progress import COMPILING, PLAIN_EVERY_SECONDS, Steps, progress


def test_without_a_terminal_one_plain_line_each_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, PLAIN_EVERY_SECONDS + 1, PLAIN_EVERY_SECONDS + 1, PLAIN_EVERY_SECONDS + 2])

    with progress(quiet=False, clock=lambda: next(times)) as report:
        report("read", 10, 100)
        report("read", 50, 100)
        report("read", 60, 100)

    captured = capsys.readouterr()
    assert captured.err == "read: 50%\n"
    assert captured.out == ""


def test_unknown_end_is_shown_as_an_amount(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 20.0, 20.0])

    with progress(quiet=False, clock=lambda: next(times)) as report:
        report("read", 1234, 0)

    assert capsys.readouterr().err == "read: 1,234\n"


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=True) as report:
        report("read", 1, 2)

    assert capsys.readouterr().err == ""


def test_terminal_gets_a_bar_that_is_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    with progress(quiet=False) as report:
        report("learn", 5, 10)
        report("read", 2e6, 4e6)
        report("scan", 1e6, 0)

    assert capsys.readouterr().out == ""


def test_step_is_a_line_when_it_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps(quiet=False) as steps:
        steps.began("train shard-0")
        steps.began("train shard-1")
        steps.ended("train shard-1", 12.4, "done")
        steps.ended("train shard-0", 130.0, "failed")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["train shard-1       12 s  done", "train shard-0      130 s  failed"]


def test_quiet_steps_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps(quiet=True) as steps:
        steps.began("gate")
        steps.ended("gate", 1.0, "done")

    assert capsys.readouterr().err == ""


def test_terminal_is_shown_what_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")

    with Steps(quiet=False) as steps:
        steps.began("extract")
        steps.began("series")

    assert "extract, series" in capsys.readouterr().err


def test_first_reading_of_a_machine_says_that_it_compiles_and_the_second_does_not(
    few_traces: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    command = [sys.executable, "-m", "tracetune", "doctor", str(few_traces)]

    first, second = (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - ours
        for _ in range(2)
    )

    assert first.stderr.splitlines()[0] == COMPILING
    assert COMPILING not in second.stderr
    assert first.stdout == second.stdout
