from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pytest
from tests.api.real import free_port, receiver, served
from tests.sinks.analysis_data import shop_analysis
from typer.testing import Result

from tracetune.api.access import Access, Role
from tracetune.api.app import Options, create_app
from tracetune.api.snapshots import fixed
from tracetune.cli import documents
from tracetune.cli.remote import Server, analysis
from tracetune.domain.analysis import Analysis
from tracetune.domain.series import Metric
from tracetune.errors import Forbidden, InvalidSettings, NotFound, Unauthorized, Unavailable
from tracetune.settings import ClientSettings

TOKENS = {"look": Role.READ, "rule": Role.ADMIN}


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


@pytest.fixture(scope="module")
def shop() -> Analysis:
    return shop_analysis()


@pytest.fixture(scope="module")
def url(shop: Analysis) -> Iterator[str]:
    with served(create_app(fixed(shop), options=Options(access=Access(tokens=TOKENS)))) as url:
        yield url


def _server(url: str, token: str = "look") -> Server:  # noqa: S107 - of this test
    return Server.at(ClientSettings(url, token))


def test_what_a_server_found_comes_back_as_it_was(url: str, shop: Analysis) -> None:
    with _server(url) as server:
        found = analysis(server)

    assert found.headline == shop.headline
    assert [each.id for each in found.incidents] == [each.id for each in shop.incidents]
    for mine, theirs in zip(found.incidents, shop.incidents, strict=True):
        assert [(a.key, a.kind, a.onset, a.end, a.why) for a in mine.anomalies] == [
            (a.key, a.kind, a.onset, a.end, a.why) for a in theirs.anomalies
        ]
        assert found.rankings[mine.id].causes == shop.rankings[theirs.id].causes
        assert found.rankings[mine.id].entry == shop.rankings[theirs.id].entry
    assert {each.target_service: each.details for each in found.advice} == {
        each.target_service: each.details for each in shop.advice
    }


def test_the_course_of_an_anomaly_comes_with_it(url: str, shop: Analysis) -> None:
    with _server(url) as server:
        found = analysis(server)

    key = shop.incidents[0].anomalies[0].key
    onset = shop.incidents[0].onset
    mine = found.learned.series[Metric.LATENCY_P95][found.learned.series.keys.index(key)]
    theirs = shop.learned.series[Metric.LATENCY_P95][shop.learned.series.keys.index(key)]
    first, start = onset - found.learned.series.start_minute, onset - shop.learned.series.start_minute
    np.testing.assert_allclose(mine[first - 30 : first + 30], theirs[start - 30 : start + 30], rtol=6e-4)
    assert math.isnan(mine[first + 40])


def test_commands_say_the_same_of_a_server_as_of_files(run: Run, url: str, shop: Analysis) -> None:
    config = ("--url", url, "--json")
    result = run("explain", "--incident", "INC-3f9c", *config)
    assert isinstance(result.exception, Unauthorized)

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TRACETUNE_CLIENT_TOKEN", "look")
        result = run("explain", "--incident", "INC-3f9c", *config)

    told = json.loads(result.stdout)[0]
    known = documents.incident(shop.incidents[0], shop.rankings["INC-3f9c"])
    assert told["explanation"]["causes"] == json.loads(json.dumps(known["explanation"]["causes"]))
    assert {name: told[name] for name in ("id", "kind", "severity", "onset", "end", "services")} == {
        name: known[name] for name in ("id", "kind", "severity", "onset", "end", "services")
    }


def test_a_severe_incident_of_a_server_fails_a_pipeline(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACETUNE_CLIENT_TOKEN", "look")
    monkeypatch.setenv("TRACETUNE_CLIENT_URL", url)

    result = run("anomalies", "--fail-on", "critical")

    assert result.exit_code == 3
    assert "← likely cause" in result.stdout
    assert "3 incidents" in result.stdout


def test_every_error_of_the_server_is_the_same_error_here(url: str) -> None:
    with _server(url) as server, pytest.raises(NotFound) as caught:
        server.get("services/nope")
    assert "payments" in caught.value.hint or caught.value.hint
    with _server(url, "wrong") as server, pytest.raises(Unauthorized):
        server.get("")
    with _server(url) as server, pytest.raises(Forbidden):
        server.post("feedback", {"id": "INC-3f9c"})


def test_no_server_is_told_with_what_to_do() -> None:
    with pytest.raises(InvalidSettings, match="none is named"):
        Server.at(ClientSettings())
    with _server(f"http://127.0.0.1:{free_port()}") as server, pytest.raises(Unavailable) as caught:
        server.get("")

    assert "tracetune serve" in caught.value.hint


def test_a_server_that_is_none_of_ours_is_told() -> None:
    with receiver() as other, _server(other.url) as server, pytest.raises(Unavailable, match="not as tracetune does"):
        server.get("")
