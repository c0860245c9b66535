"""The command that predicts: another load, other replicas, other work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from tracetune.cli import options
from tracetune.errors import InvalidInput

Changes = Annotated[
    list[str] | None,
    typer.Option("--replicas", metavar="SERVICE=COUNT", help="Replicas of a service, as payment=3; repeatable."),
]
Work = Annotated[
    list[str] | None,
    typer.Option(
        "--demand", metavar="SERVICE=FACTOR", help="Times the own work of a service, as search=0.5; repeatable."
    ),
]


def whatif(
    files: options.Inputs = None,
    *,
    load: Annotated[float, typer.Option(help="Times the load of the busiest minutes of the traces.")] = 1.0,
    replicas: Changes = None,
    demand: Work = None,
    screen: Annotated[bool, typer.Option("--screen", help="A few short runs: quicker, and less sure.")] = False,
    url: options.Url = None,
    store: options.Store = None,
    seed: options.Seed = None,
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Predict latency, use of slots and saturation at another load or with other replicas, or say why it cannot be said.

    \b
    tracetune whatif traces/ --load 1.5 --replicas payment=3
    tracetune whatif --url http://127.0.0.1:8787 --load 1.5
    """
    from tracetune.cli import output as out
    from tracetune.cli import served, whatif_views
    from tracetune.cli.opening import application
    from tracetune.cli.progress import progress
    from tracetune.cli.remote import Server
    from tracetune.domain.whatif import Ask

    if load <= 0:
        raise InvalidInput(f"--load is {load:g}", hint="give a factor above 0, as 1.5")
    counts = {name: int(value) for name, value in _pairs(replicas or [], "--replicas", whole=True).items()}
    ask = Ask(load, counts, _pairs(demand or [], "--demand"))
    given = options.flags(url=url, store=store, model="baselines", seed=seed)
    app = application(config, given, quiet=quiet, verbose=verbose)
    if served.only_files_or_server(files or [], url or ("" if files else app.settings.client.url)):
        with Server.at(app.settings.client) as server:
            found = served.what_if(server, ask, is_screened=screen)
    else:
        with progress(quiet=quiet) as report:
            found = app.what_if(files or [], ask, report, is_screened=screen)
    out.show(whatif_views.table(found), whatif_views.document(found), as_json=as_json, to=output)


ALL: tuple[Callable[..., None], ...] = (whatif,)


def _pairs(given: Sequence[str], option: str, *, whole: bool = False) -> dict[str, float]:
    """The numbers by name, of NAME=NUMBER; above 0."""
    found = {}
    for each in given:
        name, _, text = each.rpartition("=")
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if not name or number <= 0 or (whole and number != int(number)):
            raise InvalidInput(f"{option} is {each!r}", hint=f"give {option} SERVICE={'3' if whole else '0.5'}")
        found[name] = number
    return found
