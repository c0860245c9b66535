"""What is written is Zipkin v2 JSON."""

from __future__ import annotations

import json
from typing import Any

from tracetune.domain.spans import SpanBatch
from tracetune.testing.build import DAY_START_UNIX_NANO, build
from tracetune.testing.zipkin_writer import zipkin_v1, zipkin_v2


def document(*batches: SpanBatch) -> Any:
    return json.loads(b"".join(zipkin_v2(batches)))


def test_span_has_endpoints_tags_and_microseconds() -> None:
    root, child = document(
        build("""
            checkout pay 1ms +90ms kind=client peer=payments version=v2 instance=c-1
              checkout check 2ms +3us error http.route=/pay
        """)
    )

    assert root == {
        "traceId": "0" * 31 + "1",
        "id": "0" * 15 + "1",
        "name": "pay",
        "kind": "CLIENT",
        "timestamp": DAY_START_UNIX_NANO // 1000 + 1000,
        "duration": 90_000,
        "localEndpoint": {"serviceName": "checkout"},
        "remoteEndpoint": {"serviceName": "payments"},
        "tags": {"service.version": "v2", "k8s.pod.name": "c-1"},
    }
    assert child["parentId"] == root["id"]
    assert "kind" not in child
    assert child["duration"] == 3
    assert child["tags"] == {"http.route": "/pay", "otel.status_code": "ERROR", "error": "true"}


def test_batches_follow_each_other_in_one_list() -> None:
    spans = document(build("a x 0ms +1ms"), SpanBatch.empty(), build("b y 0ms +1ms\nb z 0ms +1ms"))

    assert [span["name"] for span in spans] == ["x", "y", "z"]


def test_no_spans_are_an_empty_list() -> None:
    assert document() == []
    assert document(SpanBatch.empty()) == []


def test_version_one_says_the_kind_by_annotations_and_the_peer_by_an_address() -> None:
    shop = """
        checkout pay 1ms +90ms kind=client peer=payments
          checkout check 2ms +3us http.route=/pay
    """

    client, local = json.loads(b"".join(zipkin_v1([build(shop)])))

    checkout = {"serviceName": "checkout"}
    start = DAY_START_UNIX_NANO // 1000 + 1000
    assert client["annotations"] == [
        {"timestamp": start, "value": "cs", "endpoint": checkout},
        {"timestamp": start + 90_000, "value": "cr", "endpoint": checkout},
    ]
    assert client["binaryAnnotations"] == [{"key": "sa", "value": True, "endpoint": {"serviceName": "payments"}}]
    assert (local["annotations"], local["parentId"], local["duration"]) == ([], client["id"], 3)
    assert local["binaryAnnotations"] == [
        {"key": "http.route", "value": "/pay", "endpoint": checkout},
        {"key": "lc", "value": "", "endpoint": checkout},
    ]
