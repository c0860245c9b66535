"""Runs the pipeline here: kfp's local runner at work, what it says kept in a file, and word of each step as it ends."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, TextIO

from kfp import local
from kfp.local import subprocess_task_handler
from kfp.local.status import Status

from tracetune.clock import system_clock
from tracetune.domain import words
from tracetune.errors import Unavailable

DONE, FAILED = "done", "failed"


class Listener(Protocol):
    """Hears of steps, from the threads that wait for them; a step's name has its shard behind it where there is one."""

    def began(self, name: str) -> None:
        """A step begins."""

    def ended(self, name: str, seconds: float, result: str) -> None:
        """A step is over, after so long and with this result."""


def run(
    pipeline: Any,  # noqa: ANN401 - kfp has no types
    arguments: Mapping[str, Any],
    *,
    root: Path,
    listener: Listener,
    is_verbose: bool = False,
) -> Path:
    """Run the pipeline, each step in a process of this environment; the folder of the run.

    Args:
        pipeline: as ``dsl.pipeline`` makes it.
        arguments: of the pipeline.
        root: folder for what the steps hand on, and for kfp's log beside it.
        listener: hears of each step.
        is_verbose: kfp's log comes to stderr too.

    Raises:
        Unavailable: a step failed; the hint names the log.
    """
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(root), raise_on_error=True)
    root.mkdir(parents=True, exist_ok=True)
    before = _runs(root)
    log = (
        root / f"kfp-{words.timestamp(int(system_clock() // 60)).replace(':', '')}-{time.monotonic_ns() % 10**6:06}.log"
    )
    with log.open("w", encoding="utf-8") as file, redirect_stdout(_Copied(file) if is_verbose else file):
        try:
            with _watched(listener):
                pipeline(**arguments)
        except RuntimeError as error:
            raise Unavailable(f"the pipeline ended early: {_plain(error)}", hint=f"what it said is in {log}") from error
    (folder,) = _runs(root) - before
    return folder


def _plain(error: RuntimeError) -> str:
    """What kfp says, without its colours."""
    return re.sub(r"\x1b\[\d+m", "", str(error))


def _runs(root: Path) -> set[Path]:
    return {each for each in root.iterdir() if each.is_dir()}


class _Copied:
    """A text file whose lines come to stderr too."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        sys.stderr.write(text)
        return self._file.write(text)

    def flush(self) -> None:
        self._file.flush()


@contextmanager
def _watched(listener: Listener) -> Iterator[None]:
    """Hear of each step that kfp runs.

    kfp has no hook for that, and its log is no help: steps that run at once take the logger's handlers from each other, so
    that the end of all but the first of them is not logged.
    """
    handler = subprocess_task_handler.SubprocessTaskHandler
    usual = handler.run

    def timed(task: Any) -> Status:  # noqa: ANN401 - kfp has no types
        name, outputs = _asked(task.full_command)
        listener.began(name)
        begun = time.monotonic()
        status = usual(task)
        listener.ended(name, time.monotonic() - begun, _said(outputs) if status == Status.SUCCESS else FAILED)
        return status

    handler.run = timed
    try:
        yield
    finally:
        handler.run = usual


def _asked(command: list[str]) -> tuple[str, Mapping[str, Any]]:
    """The step that a command runs, with its shard, and the files of its output parameters.

    Source: kfp.dsl.executor_main, whose arguments these are.
    """
    given = dict(pairwise(command))
    asked = json.loads(given["--executor_input"])
    shard = asked["inputs"].get("parameterValues", {}).get("shard")
    name = given["--function_to_execute"]
    return f"{name} {shard}" if shard else name, asked["outputs"].get("parameters", {})


def _said(outputs: Mapping[str, Any]) -> str:
    """What a step says of itself: its sentence, or what it gives, if either is there."""
    for name in ("said", "Output"):
        path = Path(outputs[name]["outputFile"]) if name in outputs else None
        if path is not None and path.is_file():
            text = path.read_text("utf-8")
            return ", ".join(json.loads(text)) if text.startswith("[") else text
    return DONE
