"""The command that shows trace files in the pages of the server, without receiving anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from tracetune.cli import options


def view(
    files: options.Inputs = None,
    *,
    port: Annotated[int, typer.Option("--port", help="Port of the pages and the API on this machine.")] = 8787,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Analyse trace files, and show them in the pages and the API until Ctrl-C; nothing is received.

    \b
    tracetune view traces/ --port 8787
    """
    import uvicorn

    from tracetune.api.build import build
    from tracetune.api.snapshots import fixed
    from tracetune.cli import output as out
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress
    from tracetune.domain import words

    flags = options.flags(store=store, model=model, seed=seed, horizon=horizon)
    app = application(config, flags, quiet=quiet, verbose=verbose)
    with progress(quiet=quiet) as report:
        found = app.analyze(files or [], report)
    pages = build(app.settings, fixed(found))
    series = found.learned.series
    first, last = (words.timestamp(minute) for minute in (series.start_minute, series.start_minute + series.length))
    out.say(f"http://127.0.0.1:{port}/?from={first}&to={last} shows: {found.headline}")
    uvicorn.run(pages, host="127.0.0.1", port=port, log_level="warning", server_header=False)


ALL: tuple[Callable[..., None], ...] = (view,)
