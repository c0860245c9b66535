from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from typer.testing import Result

from tracetune.sinks.dashboards import files


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


def test_every_file_is_written_into_folders_that_are_made(run: Run, tmp_path: Path) -> None:
    result = run("dashboards", "--out", tmp_path / "new", "--json")

    written = json.loads(result.stdout)["files"]
    assert [Path(each).read_text("utf-8") for each in written] == list(files().values())


def test_a_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = run("dashboards", "--out", tmp_path / "file" / "x")

    assert "cannot make the folder" in str(result.exception)
