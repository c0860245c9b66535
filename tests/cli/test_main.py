from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tracetune.cli import main


def _tracetune(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tracetune", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603


def test_error_is_one_sentence_and_a_hint_on_stderr_and_never_a_traceback(tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.touch()

    result = _tracetune("analyze", empty)

    assert result.returncode == 1
    assert result.stdout == ""
    assert "empty" in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_option_is_wrong_usage() -> None:
    assert _tracetune("analyze", "--colour").returncode == 2


def test_unusable_setting_is_wrong_usage_too(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("[learn]\nseed = -1\n")

    result = _tracetune("settings", "--config", file)

    assert result.returncode == 2
    assert "use 0 or more" in result.stderr


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys, tracetune.cli.main\n"
        "heavy = {'numpy', 'pyarrow', 'numba', 'keras', 'jax', 'chdb', 'pandas'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )

    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603

    assert result.stdout == "[]\n"


def test_fault_of_ours_is_reported_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("TRACETUNE_DEBUG", raising=False)
    monkeypatch.setattr(main, "app", lambda: 1 / 0)

    with pytest.raises(SystemExit) as caught:
        main.main()

    assert caught.value.code == 1
    assert "internal fault: ZeroDivisionError" in capsys.readouterr().err


def test_interruption_exits_with_the_signal_s_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "app", interrupted)

    with pytest.raises(SystemExit) as caught:
        main.main()

    assert caught.value.code == 130


def test_reader_that_goes_away_is_met_in_silence() -> None:
    code = f"{sys.executable} -m tracetune --help | true"

    result = subprocess.run(["bash", "-c", code], check=True, capture_output=True, text=True)  # noqa: S603, S607

    assert (result.stdout, result.stderr) == ("", "")
