from __future__ import annotations

import httpx
import pytest

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.sinks import own_traces
from tracetune.sinks.own_traces import OwnTraces
from tracetune.sources.payloads import Format, PayloadDecoder


def _sender(answer: int = 200) -> tuple[OwnTraces, list[bytes]]:
    """What would be sent: the transport is httpx's own, which answers in this process."""
    bodies: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(answer)

    client = httpx.Client(transport=httpx.MockTransport(take))
    return OwnTraces("http://collector/v1/traces", "tracetune", "1.0", {"x-tenant": "a"}, client), bodies


def test_what_is_sent_is_read_by_our_own_reader_with_parents_and_failures() -> None:
    traces, bodies = _sender()
    with traces.span("judge a minute") as outer, traces.span("learn"):
        outer.attributes |= {"series": 30, "share": 0.5, "late": False, "model": "lstm"}
    with pytest.raises(KeyError), traces.span("GET", SpanKind.SERVER, ("a" * 32, "b" * 16)):
        raise KeyError
    traces.close()

    spans = PayloadDecoder().decode(Format.OTLP_JSON, b"".join(bodies)).spans.table.to_pylist()

    by_name = {each["name"]: each for each in spans}
    assert by_name["learn"]["parent_span_id"] == by_name["judge a minute"]["span_id"]
    assert by_name["learn"]["trace_id"] == by_name["judge a minute"]["trace_id"]
    assert by_name["judge a minute"]["parent_span_id"] == bytes(8)
    assert (by_name["GET"]["trace_id"].hex(), by_name["GET"]["parent_span_id"].hex()) == ("a" * 32, "b" * 16)
    assert (by_name["GET"]["status_code"], by_name["GET"]["kind"]) == (StatusCode.ERROR, SpanKind.SERVER)
    assert {each["service_name"] for each in spans} == {"tracetune"}
    assert traces.sent == 3


def test_what_is_not_taken_is_dropped_and_said() -> None:
    traces, _ = _sender(503)
    with traces.span("work"):
        pass
    traces.close()

    assert (traces.sent, traces.dropped) == (0, 1)
    assert traces.problem == "own spans are not taken: 503"


def test_too_many_spans_drop_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_traces, "MOST_WAITING", 10)
    traces, bodies = _sender()
    for number in range(25):
        with traces.span(f"work {number}"):
            pass
    traces.close()

    assert traces.sent + traces.dropped == 25
    assert b"work 24" in b"".join(bodies)
