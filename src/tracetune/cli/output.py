"""Where answers go: a table or JSON, to stdout or to a file that is whole or absent; and the exit status."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType

from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Incident, Severity
from tracetune.errors import InvalidInput, InvalidSettings

FOUND = 3
CANNOT_JUDGE = 4

_LOUDEST_FIRST = (Severity.CRITICAL, Severity.WARNING, Severity.MINOR)
_PIPE_WIDTH = 100_000
"""Wider than any row: who reads a pipe folds lines himself, and cannot put together what was folded for him."""


def console() -> Console:
    """Stdout as a place for tables; as wide as it takes where it is no terminal, so that rows stay one line."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH, no_color=True)


def say(text: RenderableType) -> None:
    """Talk, on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text)


def show(answer: RenderableType, document: Any, *, as_json: bool, to: Path | None) -> None:  # noqa: ANN401 - any JSON value
    """Print an answer as a table or as JSON, or write it to a file."""
    if to is None and not as_json:
        console().print(answer)
        return
    pass_on(json.dumps(document, indent=2, ensure_ascii=False) + "\n" if as_json else _rendered(answer), to=to)


def pass_on(text: str, *, to: Path | None) -> None:
    """Print text as it is, or write it to a file: what another program reads is neither wrapped nor styled."""
    if to is None:
        sys.stdout.write(text)
    else:
        write_whole(to, text)


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all.

    Raises:
        InvalidInput: where the folder is missing or not writable.
    """
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", encoding="utf-8", delete=False) as part:
            part.write(text)
        Path(part.name).chmod(0o644)
        os.replace(part.name, path)  # noqa: PTH105 - the atomic rename is the point
    except OSError as error:
        raise InvalidInput(
            f"cannot write {path}: {error.strerror}", hint="name a file in a folder that exists"
        ) from error


def _rendered(answer: RenderableType) -> str:
    plain = Console(width=_PIPE_WIDTH, no_color=True)
    with plain.capture() as capture:
        plain.print(answer)
    return capture.get()


def status(analysis: Analysis, incidents: Sequence[Incident], fail_on: str | None) -> int:
    """The exit status that ``--fail-on`` asks for; 0 without it.

    Raises:
        InvalidSettings: for a severity that does not exist.
    """
    if fail_on is None:
        return 0
    try:
        loud = _LOUDEST_FIRST[: _LOUDEST_FIRST.index(Severity(fail_on)) + 1]
    except ValueError:
        raise InvalidSettings(f"--fail-on is {fail_on!r}; use critical, warning or minor") from None
    if any(incident.severity in loud for incident in incidents):
        return FOUND
    return 0 if analysis.learned.forecasts else CANNOT_JUDGE
