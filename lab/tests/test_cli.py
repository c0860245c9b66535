"""What the command line says: lists, and errors that name the value and the way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tracetune_lab import programs
from tracetune_lab.errors import MissingProgramError


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tracetune_lab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_scenarios_are_listed_with_split_and_length() -> None:
    done = lab("scenarios")

    assert done.returncode == 0
    assert "dev    shop-day-release             60 min" in done.stdout
    assert "report bookinfo-day-leak" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("record", "nothing", "-o", "out"), 1, "no scenario 'nothing'; `tracetune-lab scenarios` lists them"),
        (("run", "nothing"), 1, "no topology 'nothing': give a path to a YAML file or one of"),
        (("run", "wide", "--export", "zipkin"), 1, "knows one service name a process"),
        (("run", "bookinfo", "--export", "jaeger"), 1, "--export is 'jaeger'; use one of otlp-http, otlp-grpc, zipkin"),
        (("run", "bookinfo", "--seconds", "1e6", "--rate", "100"), 1, "requests/s for 1e+06 s"),
        (("run", "bookinfo", "--to", "localhost:4318"), 1, "give the collector's address as http://HOST:PORT"),
        (("sweep", "-o", "t.csv", "--points", "p", "--priority", "high"), 1, "use one of normal, realtime, auto"),
        (("check", "."), 1, "has no manifest.json"),
    ],
)
def test_mistake_is_one_message_with_the_value_and_the_way_out(
    arguments: tuple[str, ...], status: int, told: str
) -> None:
    done = lab(*arguments)

    assert done.returncode == status
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_redis_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingProgramError, match="apt-get install redis-server, or use a topology without Redis"):
        programs.redis_path()


def test_missing_envoy_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "find_spec", lambda _: None)

    with pytest.raises(MissingProgramError, match="make -C lab setup"):
        programs.envoy_path.__wrapped__()
