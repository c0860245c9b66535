"""Jaeger's query API, as a real HTTP server answers it (no Jaeger can be installed here)."""

from __future__ import annotations

import pytest
from tests.live.parts import FIRST_MINUTE, trace_of
from tests.sources.trace_stores import jaeger_api, serving

from tracetune.errors import InvalidInput, Unavailable
from tracetune.sources import jaeger_query
from tracetune.sources.jaeger_query import JaegerQuery
from tracetune.sources.payloads import Format, PayloadDecoder
from tracetune.sources.pull import Window

START = FIRST_MINUTE * 60.0


def _fetched(query: JaegerQuery, window: Window) -> list[bytes]:
    decoder = PayloadDecoder()
    spans = [decoder.decode(Format.JAEGER_JSON, data).spans for data in query.fetch(window)]
    return [each for batch in spans for each in batch.table["span_id"].to_pylist()]


def test_trace_of_several_services_comes_once() -> None:
    with serving(jaeger_api, trace_of(0), trace_of(1), trace_of(9)) as store:
        found = _fetched(JaegerQuery(store.url + "/"), Window(START, START + 120))

    assert len(found) == 4  # two traces of two spans, in two services each; the third began later
    assert len(set(found)) == 4


def test_full_answer_is_asked_for_in_halves_until_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaeger_query, "LIMIT", 3)
    with serving(jaeger_api, *(trace_of(0, number * 1000) for number in range(20))) as store:
        found = _fetched(JaegerQuery(store.url), Window(START, START + 60))

    assert len(set(found)) == 40


def test_base_path_and_headers_are_used() -> None:
    with serving(
        lambda store, path, asked: jaeger_api(store, path.removeprefix("/jaeger/ui"), asked), trace_of(0)
    ) as store:
        found = _fetched(
            JaegerQuery(f"{store.url}/jaeger/ui", {"authorization": "Bearer x"}), Window(START, START + 60)
        )

    assert len(found) == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(503, b"", Unavailable), (429, b"", Unavailable), (404, b"no", InvalidInput), (200, b"<html>", InvalidInput)],
)
def test_what_is_no_answer_says_whether_to_come_again(status: int, body: bytes, kind: type[Exception]) -> None:
    with serving(lambda *_: (status, body)) as store, pytest.raises(kind):
        list(JaegerQuery(store.url).fetch(Window(START, START + 60)))


def test_store_that_is_away_is_unavailable() -> None:
    with serving(jaeger_api) as store:
        url = store.url
    with pytest.raises(Unavailable, match="does not answer"):
        list(JaegerQuery(url).fetch(Window(START, START + 60)))


def test_empty_store_has_nothing() -> None:
    with serving(jaeger_api) as store:
        assert list(JaegerQuery(store.url).fetch(Window(START, START + 60))) == []
