"""A running server that pulls from trace stores, beside whatever is sent to it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from tests.live.parts import Clock, running, trace_of
from tests.sources.trace_stores import Store, jaeger_api, serving, tempo_api

from tracetune.live.server import Server


def _until_received(server: Server, name: str, spans: int) -> None:
    end = time.monotonic() + 30
    while server.admission.received[name] < spans:
        assert time.monotonic() < end, f"{dict(server.admission.received)} of {spans} spans"
        threading.Event().wait(0.05)


def _clock() -> Clock:
    clock = Clock()
    clock.now += 120.0  # the first minutes have settled
    return clock


def test_traces_of_jaeger_and_of_tempo_are_taken_and_known_ones_are_not_counted_again(tmp_path: Path) -> None:
    with serving(jaeger_api, trace_of(0), trace_of(1)) as jaeger, serving(tempo_api, trace_of(1, 7)) as tempo:
        with running(tmp_path, _clock(), jaeger_url=jaeger.url, tempo_url=tempo.url) as server:
            _until_received(server, "jaeger", 4)
            _until_received(server, "tempo", 2)
            asked = len(jaeger.asked)
        with running(tmp_path, _clock(), jaeger_url=jaeger.url) as again:
            assert len(jaeger.asked) >= asked
            assert again.admission.received["jaeger"] == 0  # the cursor is kept: nothing is asked for twice


def test_store_that_was_away_loses_nothing(tmp_path: Path) -> None:
    with serving(jaeger_api, trace_of(0)) as jaeger:
        jaeger.failing = 2
        with running(tmp_path, _clock(), jaeger_url=jaeger.url) as server:
            _until_received(server, "jaeger", 2)
            assert isinstance(jaeger, Store)
            assert jaeger.failing == 0
