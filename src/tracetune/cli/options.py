"""Options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE",
        help="Trace files, folders, globs, or - for stdin; the format is found from the content. Without any: the store.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the answer to this file instead of stdout.")]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="Exit with 3 if there is an incident of this severity or worse (minor, warning, critical); with 4 if there is too "
        "little data to judge.",
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where minutes are kept: chdb:///DIRECTORY or https://user:password@host/database.",
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Ask a running server, as http://127.0.0.1:8787, instead of reading."),
]
Model = Annotated[str | None, typer.Option("--model", help="Best model to try: lstm or baselines (quicker).")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of everything random.")]
Horizon = Annotated[int | None, typer.Option("--horizon", help="Minutes to forecast and to plan for.")]
Config = Annotated[Path | None, typer.Option("--config", help="A settings file (TOML).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only errors.")]
Verbose = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, show_default=False, help="More talk on stderr; twice for debugging."),
]


def flags(
    *,
    store: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    horizon: int | None = None,
    url: str | None = None,
    slo: list[str] | None = None,
    prometheus: str | None = None,
) -> dict[str, Any]:
    """Given options by the key of the setting they override."""
    return {
        "store.url": store,
        "learn.model": model,
        "learn.seed": seed,
        "learn.horizon_minutes": horizon,
        "client.url": url,
        "tune.slo": "; ".join(slo) if slo else None,
        "tune.prometheus_url": prometheus,
    }
