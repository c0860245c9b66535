"""The commands that move minutes between a store and Parquet files, and that delete old ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
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
    """Write the minutes of a store, and its sample of whole calls, as Parquet files.

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
    """Add the minutes of Parquet files, and their sample of whole calls, to a store.

    \b
    tracetune import minutes/ --store chdb:///var/lib/tracetune/store
    """
    from tracetune.live.keeping import import_minutes

    _move(lambda url: import_minutes(folder, url), store, config, f"added from {folder}", as_json=as_json)


def forget(
    before: Annotated[str, typer.Argument(metavar="TIME", help="As 2026-03-01 or 2026-03-01T14:00 (UTC); it stays.")],
    *,
    tables: Annotated[
        list[str] | None, typer.Option("--table", help="Only this table, as paths or exemplars; may be repeated.")
    ] = None,
    store: options.Store = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Delete the minutes of a store before a time; a running server forgets by itself, see serve.keep_days.

    \b
    tracetune forget 2026-03-01 --store chdb:///var/lib/tracetune/store
    """
    from tracetune.live.keeping import forget_minutes

    minute = _minute(before)
    _move(lambda url: forget_minutes(url, minute, tables or ()), store, config, "deleted", as_json=as_json)


def _minute(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no time", hint="write it as 2026-03-01 or 2026-03-01T14:00") from None
    return int(time.replace(tzinfo=time.tzinfo or UTC).timestamp() // 60)


def _move(move: Callable[[str], int], store: str | None, config: Path | None, done: str, *, as_json: bool) -> None:
    from tracetune import settings as tree
    from tracetune.cli import output as out

    settings, _ = tree.load(file=config, flags=options.flags(store=store))
    if not settings.store.url:
        raise InvalidInput("no store is named", hint="name one by --store chdb:///DIRECTORY")
    minutes = move(settings.store.url)
    said = json.dumps({"minutes": minutes}) if as_json else f"{minutes:,} minutes {done}"
    out.pass_on(said + "\n", to=None)


ALL: tuple[Callable[..., None], ...] = (export, import_, forget)
