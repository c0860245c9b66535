"""Tempo's API, as a real HTTP server answers it (no Tempo can be installed here)."""

from __future__ import annotations

import pytest
from tests.live.parts import FIRST_MINUTE, trace_of
from tests.sources.trace_stores import serving, tempo_api

from tracetune.errors import InvalidInput
from tracetune.sources import tempo
from tracetune.sources.payloads import PayloadDecoder
from tracetune.sources.pull import Window
from tracetune.sources.tempo import Tempo

START = FIRST_MINUTE * 60.0


def _fetched(store: Tempo, window: Window) -> list[bytes]:
    decoder = PayloadDecoder()
    spans = [decoder.decode(store.format, data).spans for data in store.fetch(window)]
    return [each for batch in spans for each in batch.table["span_id"].to_pylist()]


def test_every_trace_of_the_window_is_read_whole() -> None:
    with serving(tempo_api, trace_of(0), trace_of(1), trace_of(9)) as store:
        found = _fetched(Tempo(store.url), Window(START, START + 120))

    assert len(found) == len(set(found)) == 4


def test_full_answer_is_asked_for_in_halves_and_no_trace_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempo, "LIMIT", 3)
    with serving(tempo_api, *(trace_of(0, number * 2000) for number in range(20))) as store:
        found = _fetched(Tempo(store.url), Window(START, START + 60))
        read = [path for path in store.asked if path.startswith("/api/traces/")]

    assert len(set(found)) == 40
    assert len(read) == len(set(read)) == 20


def test_address_that_is_none_says_so() -> None:
    with serving(lambda *_: (404, b"")) as store, pytest.raises(InvalidInput, match="answers 404"):
        list(Tempo(store.url).fetch(Window(START, START + 60)))
