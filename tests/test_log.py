from __future__ import annotations

import json

import pytest

from tracetune import log


def test_log_lines_are_json_on_stderr_and_leave_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(verbosity=1, json=True)

    log.get_logger("learn").info("learn finished", series=412)

    captured = capsys.readouterr()
    line = json.loads(captured.err)
    assert captured.out == ""
    assert (line["event"], line["stage"], line["series"]) == ("learn finished", "learn", 412)


def test_quiet_shows_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(verbosity=-1, json=True)

    log.get_logger("learn").warning("slow")

    assert capsys.readouterr().err == ""
