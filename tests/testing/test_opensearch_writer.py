"""What is written is a bulk file of Data Prepper's span documents."""

from __future__ import annotations

import json

from tracetune.domain.spans import SpanBatch
from tracetune.testing.build import build
from tracetune.testing.opensearch_writer import opensearch


def test_each_span_is_an_action_and_a_document() -> None:
    spans = build("""
        checkout POST /order 0ms +120ms kind=server version=v2
          checkout pay 10ms +80.000001ms kind=client peer=payments error http.response.status_code=500
    """)

    lines = [json.loads(line) for line in b"".join(opensearch([spans, SpanBatch.empty()])).splitlines()]

    assert [list(line) for line in lines[::2]] == [["index"], ["index"]]
    assert lines[1]["parentSpanId"] == ""
    assert lines[1]["resource.attributes.service@version"] == "v2"
    assert lines[3] == {
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "2",
        "parentSpanId": "0" * 15 + "1",
        "name": "pay",
        "startTime": "2026-03-02T00:00:00.010000000Z",
        "endTime": "2026-03-02T00:00:00.090000001Z",
        "durationInNanos": 80_000_001,
        "kind": "SPAN_KIND_CLIENT",
        "serviceName": "checkout",
        "status.code": 2,
        "span.attributes.http@response@status_code": 500,
        "span.attributes.peer@service": "payments",
        "resource.attributes.service@name": "checkout",
    }
