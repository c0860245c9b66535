"""Clocks that are wrong, and rows that are old: the server's own going back an hour, spans of the future, retention by table."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import httpx
from tests.live.parts import FIRST_MINUTE, Clock, closed, listening, otlp, running, trace_of

from tracetune.domain.minutes import MinuteBatch
from tracetune.live.server import Server
from tracetune.live.ticker import Ticker
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.testing.minutes import random_minutes
from tracetune.testing.otlp_writer import request


def _calls(minutes: MinuteBatch) -> dict[int, int]:
    found: Counter[int] = Counter()
    for minute, calls in zip(
        minutes.operations["minute"].to_pylist(), minutes.operations["calls"].to_pylist(), strict=True
    ):
        found[minute - FIRST_MINUTE] += calls
    return dict(found)


def test_clock_that_goes_back_an_hour_adds_to_its_minutes_and_loses_none(tmp_path: Path) -> None:
    clock = Clock()

    async def work(server: Server) -> None:
        ticker = Ticker(clock, 10.0, server.admission.close_minute)
        for minute in range(60, 64):
            clock.now = (FIRST_MINUTE + minute) * 60 + 30.0
            server.admission.accept(otlp(trace_of(minute))).result()
            await closed(server, clock, FIRST_MINUTE + minute)
            ticker.look()
        clock.now -= 3600.0
        ticker.look()
        assert "went back by 3600 seconds" in ticker.problem
        for minute in (4, 5):
            server.admission.accept(otlp(trace_of(minute))).result()  # by clocks that agree with ours
            await closed(server, clock, FIRST_MINUTE + minute)
        server.admission.accept(otlp(trace_of(64))).result()  # and by one that never was wrong
        await closed(server, clock, FIRST_MINUTE + 64)

    with running(tmp_path, clock) as server:
        asyncio.run(work(server))
        snapshot = server.publisher.current()
        stored = server.store.read(0, 2**31 - 1)

    assert _calls(stored) == dict.fromkeys((4, 5, 60, 61, 62, 63, 64), 2)
    assert snapshot.closed_minute == FIRST_MINUTE + 64
    assert snapshot.analysis is not None
    assert _calls(snapshot.analysis.ingested.minutes) == _calls(stored)


def test_spans_of_the_future_are_a_partial_success_and_are_counted(tmp_path: Path) -> None:
    with running(tmp_path) as server, listening(server.http) as port:
        answers = [
            httpx.post(
                f"http://127.0.0.1:{port}/v1/traces",
                content=request(trace_of(minute)),
                headers={"content-type": "application/x-protobuf"},
                timeout=60,
            ).content
            for minute in (0, 600)
        ]
        status = server.status()

    assert answers[0] == b""
    assert b"2 spans" in answers[1]
    assert status.received == {"otlp_http": 2}
    assert status.dropped == {"from_the_future": 2}


def _ages(store: ClickHouseMinutes, now: int) -> dict[str, set[int]]:
    """Whole days since the minutes of each table."""
    kept = store.read(0, 2**31 - 1)
    return {
        name: {(now - minute) // 1440 for minute in getattr(kept, name)["minute"].to_pylist()}
        for name in ("operations", "links", "instances", "paths", "exemplars")
    }


def test_every_table_keeps_its_own_days(tmp_path: Path) -> None:
    clock = Clock()
    now = int(clock.now // 60)
    with running(tmp_path, clock, keep_days=30, keep_exemplar_days=7) as server:
        store = server.store
        assert isinstance(store, ClickHouseMinutes)
        for days in (0, 10, 40):
            store.write(random_minutes(days, first_minute=now - days * 1440 - 20, rows=20))
        clock.now += 3600.0  # once an hour is enough
        server._forget(0)
        end = time.monotonic() + 120
        while sum(map(len, _ages(store, now).values())) > 9:  # the engine deletes in its own time
            assert time.monotonic() < end, _ages(store, now)
            time.sleep(0.1)
        ages = _ages(store, now)

    assert ages.pop("exemplars") == {0}
    assert ages == {key: {0, 10} for key in ("operations", "links", "instances", "paths")}


def test_zero_days_keep_for_ever(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, clock, keep_days=0, keep_exemplar_days=0) as server:
        server.store.write(random_minutes(1, first_minute=int(clock.now // 60) - 1000 * 1440))
        before = len(server.store.read(0, 2**31 - 1).exemplars)
        clock.now += 3600.0  # once an hour is enough
        server._forget(0)

        assert len(server.store.read(0, 2**31 - 1).exemplars) == before > 0
