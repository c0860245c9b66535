"""The commands that talk to a running server: look at services, open pages, and say something about incidents."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tracetune.cli import options

if TYPE_CHECKING:
    from tracetune.cli.remote import Server

Comment = Annotated[str, typer.Option("--comment", "-c", help="Why; it stays with the record.")]


def services(
    *,
    url: options.Url = None,
    since: Annotated[str, typer.Option(help="How far back, as 30m, 3h or 7d.")] = "3h",
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
) -> None:
    """List the services of a running server, those in an incident first.

    \b
    tracetune services --url http://127.0.0.1:8787
    """
    from tracetune.cli import output as out
    from tracetune.cli import server_tables

    with _server(url, config) as server:
        found = server.get("services", **{"from": f"now-{since}"})
    out.show(server_tables.services(found), found, as_json=as_json, to=output)


def service(
    name: Annotated[str, typer.Argument(help="The service's name.")],
    *,
    url: options.Url = None,
    since: Annotated[str, typer.Option(help="How far back, as 30m, 3h or 7d.")] = "3h",
    as_json: options.Json = False,
    output: options.Output = None,
    config: options.Config = None,
) -> None:
    """Show one service of a running server: its operations, its neighbours and what to do.

    \b
    tracetune service payments --url http://127.0.0.1:8787
    """
    from urllib.parse import quote

    from tracetune.cli import output as out
    from tracetune.cli import server_tables

    with _server(url, config) as server:
        found = server.get(f"services/{quote(name, safe='')}", **{"from": f"now-{since}"})
    out.show(server_tables.service(found), found, as_json=as_json, to=output)


def open_(
    incident: Annotated[str | None, typer.Argument(help="An incident's id; without it, the overview.")] = None,
    *,
    url: options.Url = None,
    show: Annotated[bool, typer.Option("--show", help="Print the address instead of opening it.")] = False,
    config: options.Config = None,
) -> None:
    """Open a running server's page of an incident, or its overview, in the browser.

    \b
    tracetune open INC-3f9c --url http://127.0.0.1:8787
    """
    import webbrowser

    from tracetune.cli import output as out

    with _server(url, config) as server:
        if incident is not None:
            server.get(f"incidents/{incident}")
        address = f"{server.url}/incidents/{incident}" if incident else f"{server.url}/"
    if show or not webbrowser.open(address):
        out.pass_on(f"{address}\n", to=None)


def snooze(
    target: Annotated[str, typer.Argument(help="An incident's id, or a service's name for maintenance.")],
    *,
    lasts: Annotated[
        str, typer.Option("--for", help="30m, 2h, 1d; for an incident also 'resolved'.", metavar="TIME")
    ] = "2h",
    undo: Annotated[bool, typer.Option("--undo", help="End every snooze of it now.")] = False,
    comment: Comment = "",
    url: options.Url = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Hold back alerts about an incident or a service; judging and recording go on.

    \b
    tracetune snooze INC-3f9c --for 2h
    """
    from tracetune.cli import output as out

    about = "incident_id" if target.startswith("INC-") else "service_name"
    with _server(url, config) as server:
        if undo:
            mine = [each for each in server.get("snoozes") if each[about] == target]
            for each in mine:
                server.delete(f"snoozes/{each['id']}")
            out.show(f"{len(mine)} ended", {"ended": [each["id"] for each in mine]}, as_json=as_json, to=None)
            return
        if about == "service_name":
            server.get(f"services/{target}")
        kept = server.post("snoozes", {about: target, "lasts": lasts, "reason": comment})
    out.show(f"{kept['id']}: no alerts about {target} until {kept['until']}", kept, as_json=as_json, to=None)


def feedback(
    target: Annotated[str, typer.Argument(help="The id of an anomaly, or of an incident for all of its anomalies.")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was said about it.")] = False,
    comment: Comment = "",
    url: options.Url = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Say that an anomaly is none: its alerts end at once, and those of its like; --undo takes it back.

    \b
    tracetune feedback a-7f21c0 --comment "load test"
    """
    from tracetune.cli import output as out
    from tracetune.errors import NotFound

    with _server(url, config) as server:
        if undo:
            ids = {target}
            if target.startswith("INC-"):
                ids = {each["id"] for each in server.get(f"incidents/{target}")["incident"]["anomalies"]}
            mine = [each for each in server.get("feedback") if each["anomaly_id"] in ids or each["id"] in ids]
            if not mine:
                raise NotFound(f"nothing was said about {target}", hint="'GET /api/v1/feedback' lists what was")
            for each in mine:
                server.delete(f"feedback/{each['id']}")
            out.show(f"{len(mine)} taken back", {"removed": [each["id"] for each in mine]}, as_json=as_json, to=None)
            return
        kept = server.post("feedback", {"id": target, "comment": comment})
    out.show("\n".join(f"{each['id']}: {each['effect']}" for each in kept), kept, as_json=as_json, to=None)


def event(
    text: Annotated[str, typer.Argument(help="What happened.")],
    *,
    service_name: Annotated[str, typer.Option("--service", "-s", help="The service that it happened to.")] = "",
    kind: Annotated[str, typer.Option(help="release, migration, test, or a word of your own.")] = "event",
    at: Annotated[str, typer.Option("--at", help="When, as 2026-03-01T12:00:00Z or now-5m; now by default.")] = "",
    link: Annotated[str, typer.Option(help="An address that says more.")] = "",
    url: options.Url = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Record that something happened, so that it stands on charts and timelines.

    \b
    tracetune event "payments 4.18.0" --service payments --kind release
    """
    from tracetune.cli import output as out

    body = {"text": text, "service_name": service_name, "kind": kind, "time": at, "link": link}
    with _server(url, config) as server:
        kept = server.post("events", body)
    out.show(f"{kept['id']}: {kept['text']} at {kept['time']}", kept, as_json=as_json, to=None)


def alert(
    what: Annotated[
        Literal["test", "show"], typer.Argument(help="test sends a message by every channel; show lists them.")
    ],
    *,
    url: options.Url = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Send a test message by every channel for alerts, or show how the channels are doing.

    \b
    tracetune alert test --url http://127.0.0.1:8787
    """
    from tracetune.cli import output as out

    with _server(url, config) as server:
        found: list[dict[str, Any]] = server.post("alerts/test", {}) if what == "test" else server.get("alerts")
    lines = [f"{each.get('channel') or each.get('name')}: {each['problem'] or 'ok'}" for each in found]
    out.show("\n".join(lines) or "No channel is set; see the settings alerts.*", found, as_json=as_json, to=None)
    raise typer.Exit(1 if any(each["problem"] for each in found) else 0)


ALL: tuple[Callable[..., None], ...] = (services, service, open_, snooze, feedback, event, alert)


def _server(url: str | None, config: Path | None) -> AbstractContextManager[Server]:
    from tracetune import settings
    from tracetune.cli.remote import Server

    found, _ = settings.load(file=config, flags=options.flags(url=url))
    return Server.at(found.client)
