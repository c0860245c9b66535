"""The commands that let users check tracetune against their own history."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tracetune.cli import options

Static = Annotated[
    list[str] | None,
    typer.Option(
        "--static",
        metavar="RULE",
        help="A threshold to compare with, as 'frontend p95>500ms', 'checkout POST /orders errors>2% for 5m' or "
        "'cart calls<10/min'; repeatable. Without any: for each operation that users call the tightest that would have been "
        "silent in the first half.",
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        metavar="FILE",
        help="What really happened, to count hits, misses and delays: the lab's truth.json, a JSON list of {service, start, "
        "end, kind}, or CSV with that header.",
    ),
]

_LENGTH = re.compile(r"\d+[a-z]")
"""What stands for a length of history among the arguments; a file of such a name is given as ./30m."""


def backtest(
    files: options.Inputs = None,
    *,
    static: Static = None,
    truth: Truth = None,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Live through the second half of a history again, learning from what came before; compare pages with static thresholds.

    \b
    tracetune backtest traces/ --static 'frontend p95>500ms' --truth truth.json
    """
    from tracetune.cli import output as out
    from tracetune.cli import proof_documents, proof_tables
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress

    app = application(config, options.flags(store=store, model=model, seed=seed), quiet=quiet, verbose=verbose)
    with progress(quiet=quiet) as report:
        found = app.backtest(files or [], static or [], truth, report)
    out.show(proof_tables.backtest(found), proof_documents.backtest(found), as_json=as_json, to=output)


def power(
    files: options.Inputs = None,
    *,
    size: Annotated[
        list[float] | None,
        typer.Option(metavar="FACTOR", help="How many times as slow; repeatable. Default: 1.25, 1.5, 2, 3 and 5."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Slowdowns of each size and operation, at random minutes.")] = 8,
    minutes: Annotated[int, typer.Option(help="How long each of them lasts.")] = 20,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Slow operations down in their own history: say the smallest slowdown of each that is caught, and how fast.

    \b
    tracetune power traces/ --size 1.5 --size 2
    """
    from tracetune.cli import output as out
    from tracetune.cli import proof_documents, proof_tables
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress

    app = application(config, options.flags(store=store, model=model, seed=seed), quiet=quiet, verbose=verbose)
    with progress(quiet=quiet) as report:
        found = app.power(files or [], size, trials, minutes, report)
    out.show(proof_tables.power(found), proof_documents.power(found), as_json=as_json, to=output)


def compare_history(
    lengths: Annotated[
        list[str],
        typer.Argument(
            metavar="LENGTH... [FILE...]", help="Lengths of history, as 30m 24h 7d, then trace files or folders."
        ),
    ],
    *,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the bands side by side into this SVG.")
    ] = None,
    store: options.Store = None,
    model: options.Model = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Set models of short and of long history side by side: error, coverage, and slowdowns found in the same later minutes.

    \b
    tracetune compare-history 30m 24h 7d traces/ --plot history.svg
    """
    from tracetune.cli import output as out
    from tracetune.cli import proof_documents, proof_tables
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress

    names = [each for each in lengths if _LENGTH.fullmatch(each)]
    files = [each for each in lengths if each not in names]
    app = application(config, options.flags(store=store, model=model, seed=seed), quiet=quiet, verbose=verbose)
    with progress(quiet=quiet) as report:
        found = app.compare_history(files, names, report)
    if plot is not None:
        out.write_whole(plot, app.draw(found))
    out.show(proof_tables.histories(found), proof_documents.histories(found), as_json=as_json, to=output)


ALL: tuple[Callable[..., None], ...] = (backtest, power, compare_history)
