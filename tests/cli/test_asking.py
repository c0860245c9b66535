from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from tests.api.real import receiver, served
from tests.sinks.analysis_data import shop_analysis
from typer.testing import Result

from tracetune.api.app import Options, create_app
from tracetune.api.build import channels
from tracetune.api.snapshots import fixed
from tracetune.cli import asking
from tracetune.errors import NotFound
from tracetune.settings import AlertSettings


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with receiver() as hook:
        out = tuple(channels(AlertSettings(webhook_url=hook.url)))
        with served(create_app(fixed(shop_analysis()), options=Options(channels=out))) as url:
            yield url


@pytest.fixture
def ask(run: Run, url: str) -> Any:
    def asked(*arguments: object) -> Any:
        result = run(*arguments, "--url", url, "--json")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return json.loads(result.stdout)

    return asked


def test_every_command_says_what_it_does_and_gives_one_example() -> None:
    for command in asking.ALL:
        assert f"\b\ntracetune {command.__name__.rstrip('_')}" in (inspect.getdoc(command) or "")


def test_services_are_listed_as_tables_and_as_json(run: Run, url: str, ask: Any) -> None:
    table = run("services", "--url", url, "--since", "24h").stdout

    assert [each["service_name"] for each in ask("services", "--since", "24h")][:2] == ["checkout", "payments"]
    assert "payments  ← likely cause" in table
    assert "4.18.0" in table


def test_one_service_is_shown_with_its_operations(run: Run, url: str) -> None:
    shown = run("service", "payments", "--url", url, "--since", "24h").stdout

    assert "Authorize" in shown
    assert "called by: checkout" in shown
    assert "INC-3f9c" in shown


def test_a_snooze_is_set_and_ended(ask: Any) -> None:
    kept = ask("snooze", "INC-3f9c", "--for", "30m", "--comment", "known")

    assert (kept["kind"], kept["reason"]) == ("snooze", "known")
    assert ask("snooze", "INC-3f9c", "--undo") == {"ended": [kept["id"]]}


def test_maintenance_is_of_a_service_that_exists(run: Run, url: str, ask: Any) -> None:
    assert ask("snooze", "payments", "--for", "1h")["kind"] == "maintenance"
    assert isinstance(run("snooze", "paymints", "--url", url).exception, NotFound)


def test_feedback_is_given_and_taken_back_by_the_id_of_the_incident(run: Run, url: str, ask: Any) -> None:
    said = ask("feedback", "INC-3f9c", "--comment", "load test")

    assert len(said) == 3
    assert len(ask("feedback", "INC-3f9c", "--undo")["removed"]) == 3
    assert isinstance(run("feedback", "INC-3f9c", "--undo", "--url", url).exception, NotFound)


def test_an_event_is_recorded(ask: Any) -> None:
    kept = ask("event", "payments 4.18.0", "--service", "payments", "--kind", "release", "--at", "now-5m")

    assert (kept["kind"], kept["service_name"]) == ("release", "payments")


def test_alerts_are_tested_and_shown(ask: Any) -> None:
    assert ask("alert", "test") == [{"channel": "webhook", "problem": ""}]
    assert [each["name"] for each in ask("alert", "show")] == ["webhook"]


def test_the_address_of_an_incident_can_be_printed(run: Run, url: str) -> None:
    assert run("open", "INC-3f9c", "--show", "--url", url).stdout == f"{url}/incidents/INC-3f9c\n"
    assert isinstance(run("open", "INC-none", "--show", "--url", url).exception, NotFound)
