"""A few traces on disk, and the commands run in a process of their own or in this one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tracetune.cli.main import app
from tracetune.errors import TracetuneError
from tracetune.testing.build import build
from tracetune.testing.writers import write_spans

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs a command in this process; the result has exit_code, stdout, stderr and exception."""

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def few_traces(tmp_path: Path) -> Path:
    """Three short traces as Jaeger JSON: too few minutes to learn anything."""
    path = tmp_path / "few.json"
    spans = build(
        """
        shop GET /order 0ms +120ms kind=server
          payments Authorize 10ms +80ms kind=server instance=p-1 error
        """,
        repeat=3,
    )
    write_spans(path, [spans])
    return path


def document(result: Result) -> object:
    """What a command printed as JSON."""
    return json.loads(result.stdout)


def failure(result: Result) -> TracetuneError:
    """The error with which a command ended."""
    assert isinstance(result.exception, TracetuneError)
    return result.exception
