from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracetune.errors import InvalidInput
from tracetune.sources.detect import FORMATS, detect

REQUEST: dict[str, Any] = {"resourceSpans": [{"scopeSpans": []}]}


def text_of(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (text_of({"data": [{"traceID": "1", "spans": []}]}), "jaeger"),
        (text_of({"total": 0, "errors": None, "data": []}), "jaeger"),
        (text_of({"traceID": "1", "spans": [], "processes": {}}), "jaeger"),
        (text_of({"spans": [], "processes": {}}), "jaeger"),
        (text_of([{"traceID": "1", "spans": []}]), "jaeger"),
        (text_of({"traces": [{"traceID": "1", "spans": []}]}), "jaeger"),
        (b"\xef\xbb\xbf\n " + text_of(REQUEST), "otlp_json"),
        (text_of({"resource_spans": []}), "otlp_json"),
        (text_of({"batches": []}), "otlp_json"),
        (json.dumps(REQUEST, indent=1).encode(), "otlp_json"),
        (text_of(REQUEST) + b"\n" + text_of(REQUEST), "otlp_jsonl"),
        (text_of([{"traceId": "1", "id": "1", "localEndpoint": {}}]), "zipkin_v2"),
        (text_of([[{"traceId": "1", "id": "1", "annotations": [{"timestamp": 1, "value": "x"}]}]]), "zipkin_v2"),
        (text_of([{"traceId": "1", "id": "1", "binaryAnnotations": []}]), "zipkin_v1"),
        (text_of([{"traceId": "1", "id": "1", "annotations": [{"value": "sr", "endpoint": {}}]}]), "zipkin_v1"),
        (text_of({"index": {"_id": "1"}}) + b"\n" + text_of({"traceId": "1", "spanId": "1"}), "opensearch"),
        (text_of({"traceID": "1", "spanID": "1", "operationName": "x"}), "opensearch"),
        (text_of({"_index": "x", "_source": {}}), "opensearch"),
        (text_of({"took": 1, "hits": {"hits": []}}), "opensearch"),
        (b"\x0a\x14\x12\x12\x12\x10\x0a\x10" + bytes(range(1, 17))[:14], "otlp_protobuf"),
        (b"\x16\x0a\x14\x12\x12\x12\x10\x0a\x10" + bytes(range(1, 17))[:14], "otlp_delimited"),
        (b"\x00\x00\x00\x16\x0a\x14\x12\x12\x12\x10\x0a\x10" + bytes(range(1, 17))[:14], "otlp_delimited"),
    ],
)
def test_the_format_is_told_from_the_content(head: bytes, expected: str) -> None:
    assert detect(head) == expected
    assert expected in FORMATS


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (text_of({"resourceMetrics": []}), "metrics"),
        (text_of({"resourceLogs": []}), "logs"),
        (b"\x0a\x0c\x12\x0a\x12\x08\x09" + bytes(8), "logs"),
        (b"\x0a\x08\x12\x06\x12\x04\x0a\x02ab", "metrics"),
        (text_of({"traces": [{"traceID": "1", "rootServiceName": "x", "spanSet": {"spans": []}}]}), "Tempo"),
        (text_of({"spans": [{"traceId": "AAA=", "operationName": "x"}]}), "internal model"),
        (text_of({"index": {}}) + b"\n" + text_of({"hashId": "x", "traceGroupName": "y"}), "service map"),
        (text_of({"menu": [], "x": 1}), "its first keys are menu, x"),
        (b"{}", "it has no keys"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"traceId,startTime,duration\n1,2,3\n", "CSV"),
        (b"PK\x03\x04....", "zip"),
        (b"\x89PNG\r\n", "PNG"),
        (b"PAR1", "Parquet"),
        (b"\x00\x01\x02\x03" * 50, "binary"),
        (b"hello there", "text that begins with 'hello there'"),
    ],
)
def test_anything_else_is_called_by_its_name_with_something_to_do(head: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as refusal:
        detect(head)

    assert refusal.value.hint


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_of_a_format_or_refused(head: bytes) -> None:
    for text in (head, b"{" + head, b"\x0a" + head):
        with contextlib.suppress(InvalidInput):
            assert detect(text) in FORMATS
