"""What is written is OTLP JSON, one request a line."""

from __future__ import annotations

import json

from tracetune.domain.spans import SpanBatch
from tracetune.testing.build import DAY_START_UNIX_NANO, build
from tracetune.testing.otlp_json_writer import otlp_json, otlp_jsonl

SHOP = """
    checkout POST /order 0ms +120ms kind=server version=v2
      payments Authorize 10ms +80ms kind=client peer=bank error http.response.status_code=500
"""


def test_each_batch_is_a_line() -> None:
    lines = b"".join(otlp_jsonl([build(SHOP), SpanBatch.empty(), build(SHOP)])).splitlines()

    spans = [len(json.loads(line)["resourceSpans"]) for line in lines]
    assert spans == [2, 0, 2]


def test_span_is_spelled_as_the_protocol_says() -> None:
    (line,) = otlp_jsonl([build(SHOP)])

    checkout, payments = json.loads(line)["resourceSpans"]
    assert checkout["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "checkout"}},
        {"key": "service.version", "value": {"stringValue": "v2"}},
    ]
    assert checkout["scopeSpans"][0]["spans"][0]["parentSpanId"] == ""
    assert checkout["scopeSpans"][0]["spans"][0]["status"] == {}
    assert payments["scopeSpans"][0]["spans"] == [
        {
            "traceId": "0" * 31 + "1",
            "spanId": "0" * 15 + "2",
            "parentSpanId": "0" * 15 + "1",
            "name": "Authorize",
            "kind": 3,
            "startTimeUnixNano": str(DAY_START_UNIX_NANO + 10_000_000),
            "endTimeUnixNano": str(DAY_START_UNIX_NANO + 90_000_000),
            "attributes": [
                {"key": "http.response.status_code", "value": {"intValue": "500"}},
                {"key": "peer.service", "value": {"stringValue": "bank"}},
            ],
            "status": {"code": 2},
        }
    ]


def test_batches_follow_each_other_in_one_request() -> None:
    whole = json.loads(b"".join(otlp_json([build(SHOP), SpanBatch.empty(), build("cart Read 0ms +1ms")])))

    assert len(whole["resourceSpans"]) == 3


def test_no_spans_are_a_request_without_spans() -> None:
    assert json.loads(b"".join(otlp_json([]))) == {"resourceSpans": []}
