from __future__ import annotations

from rich.console import Console

from tracetune.cli.server_tables import services


def test_unknown_numbers_are_shown_as_unknown() -> None:
    item = {
        "service_name": "cart-redis",
        "severity": "",
        "state": "idle",
        "is_cause": False,
        "calls_per_minute": 0.0,
        "error_ratio": None,
        "p50": None,
        "p95": None,
        "replicas": None,
        "version": "",
        "course": [None, None],
    }
    console = Console(width=160)

    with console.capture() as shown:
        console.print(services([item]))

    assert shown.get().splitlines()[1].split() == ["·", "cart-redis", "idle", "0", "–", "–", "–", "?"]


def test_nothing_met_yet_is_said() -> None:
    assert str(services([])) == "No service was met yet."
