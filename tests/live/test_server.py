"""The whole minute loop in one process, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.live.parts import FIRST_MINUTE, Clock, closed, otlp, running, settings, trace_of

from tracetune.domain.series import SeriesKey
from tracetune.errors import Conflict, InvalidSettings
from tracetune.live.events import Event, IncidentEnded, IncidentOpened
from tracetune.live.server import Server
from tracetune.testing.minutes import sorted_rows
from tracetune.testing.shop import Kind, Truth, shop_day


@pytest.mark.slow
def test_slow_release_is_one_incident_with_one_id_from_its_onset_to_its_end(tmp_path: Path) -> None:
    truth = Truth(Kind.RELEASE, "payments", "POST /authorize", 60, 80)
    clock = Clock()
    told: list[Event] = []

    async def day(server: Server) -> None:
        for minute, spans in enumerate(shop_day(1, minutes=90, traces_per_minute=90, stories=[truth], batch_minutes=1)):
            clock.now = (FIRST_MINUTE + minute + 1) * 60.0  # else they would be spans of the future
            await asyncio.wrap_future(server.admission.accept(otlp(spans)))
            if minute < 45:  # only the minutes are needed
                server.admission.close_minute(FIRST_MINUTE + minute)
            else:
                told.extend(await closed(server, clock, FIRST_MINUTE + minute))

    with running(tmp_path, clock) as server:
        asyncio.run(day(server))
        snapshot = server.publisher.current()

    opened = [each.record for each in told if isinstance(each, IncidentOpened)]
    ended = [each.record for each in told if isinstance(each, IncidentEnded)]
    assert [each.incident.id for each in opened] == [each.incident.id for each in ended]
    (record,) = opened
    assert 57 <= record.incident.onset - FIRST_MINUTE <= 64
    assert record.found - FIRST_MINUTE <= 72
    assert record.ranking is not None
    assert record.ranking.causes[0].service_name == "payments"
    assert snapshot.analysis is not None
    assert [each.id for each in snapshot.analysis.incidents] == [record.incident.id]
    with running(tmp_path, clock) as server:
        assert [each.incident.id for each in server._new_analyst()._ledger.ended()] == [record.incident.id]


def test_minutes_are_in_the_store_and_in_the_snapshot(tmp_path: Path) -> None:
    clock = Clock()

    async def work(server: Server) -> None:
        for minute in range(3):
            for number in range(5):
                server.admission.accept(otlp(trace_of(minute, number)))
            await closed(server, clock, FIRST_MINUTE + minute)

    with running(tmp_path, clock) as server:
        asyncio.run(work(server))
        snapshot = server.publisher.current()
        stored = server.store.read(FIRST_MINUTE, FIRST_MINUTE + 3)

    assert snapshot.analysis is not None
    assert (snapshot.version, snapshot.closed_minute) == (3, FIRST_MINUTE + 2)
    assert snapshot.status.received == {"otlp_http": 30}
    assert snapshot.analysis.learned.series.keys == (
        SeriesKey("payments", "Authorize"),
        SeriesKey("shop", "GET /order"),
    )
    assert sorted_rows(snapshot.analysis.ingested.minutes) == sorted_rows(stored)


def test_restart_goes_on_with_spans_that_were_held(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        whole = trace_of(0)
        server.admission.accept(otlp(whole.take(np.array([0])))).result()
    with running(tmp_path) as server:
        held = server.admission.held_spans
        server.admission.accept(otlp(whole.take(np.array([1])))).result()
        asyncio.run(closed(server, Clock(), FIRST_MINUTE))
        paths = server.store.read(FIRST_MINUTE, FIRST_MINUTE + 1).paths

    assert held == 1
    assert {(row["service_name"], row["traces"]) for row in paths.to_pylist()} == {("shop", 1), ("payments", 1)}


def test_directory_has_one_server(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(Conflict, match="in use by process"):
        Server(settings(tmp_path))


def test_directory_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidSettings, match="cannot be used"):
        Server(settings(tmp_path / "file"))


def test_listening_to_everybody_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="which others can reach"):
        Server(settings(tmp_path / "new", host="0.0.0.0"))  # noqa: S104 - what is refused

    assert not (tmp_path / "new").exists()


def test_too_many_operation_names_are_told_with_the_rule_that_mends_them(tmp_path: Path) -> None:
    async def work(server: Server) -> None:
        for number in range(12):
            server.admission.accept(otlp(trace_of(0, number, f"GET /user/{number}")))
        await closed(server, Clock(), FIRST_MINUTE)

    with running(tmp_path, names_per_service=3) as server:
        asyncio.run(work(server))
        status = server.publisher.current().status

    (problem,) = status.problems
    assert "shop has more than 3 operation names: 9 spans are counted as 'other'" in problem
    assert "GET /user/{id}" in problem
    assert replace(status, problems=()).ready
