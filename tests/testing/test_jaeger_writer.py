"""What is written is what Jaeger's query API would answer."""

from __future__ import annotations

import json
from typing import Any

from tracetune.domain.spans import SpanBatch
from tracetune.testing.build import DAY_START_UNIX_NANO, build
from tracetune.testing.jaeger_writer import jaeger

SHOP = """
    checkout POST /order 0ms +120ms kind=server version=v2 instance=c-1
      checkout pay 10ms +90ms kind=client peer=payments version=v2 instance=c-1
        payments Authorize 10.5ms +80ms error http.response.status_code=500 k8s.namespace.name=shop

    cart Read 1ms +2ms ok
"""


def document(*batches: SpanBatch) -> Any:
    return json.loads(b"".join(jaeger(batches)))


def tags(span: dict[str, Any]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def test_traces_stand_in_data_with_their_processes() -> None:
    first, second = document(build(SHOP))["data"]

    assert first["traceID"] == "0" * 31 + "1"
    assert [span["operationName"] for span in first["spans"]] == ["POST /order", "pay", "Authorize"]
    services = [first["processes"][span["processID"]]["serviceName"] for span in first["spans"]]
    assert services == ["checkout", "checkout", "payments"]
    assert len(first["processes"]) == 2
    assert [process["serviceName"] for process in second["processes"].values()] == ["cart"]


def test_parent_is_a_reference_and_times_are_microseconds() -> None:
    root, _, payment = document(build(SHOP))["data"][0]["spans"]

    assert root["references"] == []
    assert payment["references"] == [
        {"refType": "CHILD_OF", "traceID": payment["traceID"], "spanID": "0000000000000002"}
    ]
    assert payment["startTime"] == DAY_START_UNIX_NANO // 1000 + 10_500
    assert payment["duration"] == 80_000


def test_columns_become_the_usual_tags() -> None:
    trace, other = document(build(SHOP))["data"]

    root, client, payment = trace["spans"]
    assert tags(root) == {"span.kind": "server"}
    assert tags(client) == {"span.kind": "client", "peer.service": "payments"}
    assert tags(payment) == {
        "span.kind": "internal",
        "http.response.status_code": 500,
        "otel.status_code": "ERROR",
        "error": True,
    }
    assert tags(other["spans"][0])["otel.status_code"] == "OK"
    assert tags(trace["processes"][root["processID"]]) == {"service.version": "v2", "k8s.pod.name": "c-1"}
    assert tags(trace["processes"][payment["processID"]]) == {"k8s.namespace.name": "shop"}


def test_batches_follow_each_other_in_one_document() -> None:
    whole = document(build(SHOP), SpanBatch.empty(), build("cart Read 0ms +1ms"))

    assert len(whole["data"]) == 3


def test_no_spans_are_a_document_without_traces() -> None:
    assert document()["data"] == []
    assert document(SpanBatch.empty())["data"] == []
