"""The command that writes what Grafana and Prometheus are given: dashboards and rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tracetune.cli import options


def dashboards(
    *,
    out_folder: Annotated[
        Path, typer.Option("--out", help="Folder for the files; it is made if it is missing.")
    ] = Path("tracetune-dashboards"),
    as_json: options.Json = False,
) -> None:
    """Write Grafana dashboards and Prometheus rules over the server's /metrics.

    \b
    tracetune dashboards --out /etc/grafana/tracetune
    """
    from rich.text import Text

    from tracetune.cli import output as out
    from tracetune.errors import InvalidInput
    from tracetune.sinks.dashboards import files

    written = []
    for name, text in files().items():
        path = out_folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidInput(
                f"cannot make the folder {path.parent}: {error.strerror}", hint="name another folder by --out"
            ) from error
        out.write_whole(path, text)
        written.append(str(path))
    out.show(Text("\n".join(written)), {"files": written}, as_json=as_json, to=None)


ALL: tuple[Callable[..., None], ...] = (dashboards,)
