"""The commands that move minutes between a store and Parquet files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tracetune.cli import options
from tracetune.errors import InvalidInput

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of Parquet files, a part a day.")]


def export(
    folder: Folder,
    *,
    store: options.Store = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Write the minutes of a store as Parquet files.

    \b
    tracetune export minutes/ --store chdb:///var/lib/tracetune/store
    """
    from tracetune.live.keeping import export_minutes

    _move(lambda url: export_minutes(url, folder), store, config, f"written to {folder}", as_json=as_json)


def import_(
    folder: Folder,
    *,
    store: options.Store = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Add the minutes of Parquet files to a store.

    \b
    tracetune import minutes/ --store chdb:///var/lib/tracetune/store
    """
    from tracetune.live.keeping import import_minutes

    _move(lambda url: import_minutes(folder, url), store, config, f"added from {folder}", as_json=as_json)


def _move(move: Callable[[str], int], store: str | None, config: Path | None, done: str, *, as_json: bool) -> None:
    from tracetune import settings as tree
    from tracetune.cli import output as out

    settings, _ = tree.load(file=config, flags=options.flags(store=store))
    if not settings.store.url:
        raise InvalidInput("no store is named", hint="name one by --store chdb:///DIRECTORY")
    minutes = move(settings.store.url)
    said = json.dumps({"minutes": minutes}) if as_json else f"{minutes:,} minutes {done}"
    out.pass_on(said + "\n", to=None)


ALL: tuple[Callable[..., None], ...] = (export, import_)
