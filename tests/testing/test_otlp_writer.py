"""What is written is OTLP, as the protobuf library itself reads it."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tracetune.domain.spans import SpanBatch
from tracetune.testing.build import DAY_START_UNIX_NANO, build, span_id, trace_id
from tracetune.testing.otlp_writer import otlp_delimited, otlp_protobuf, request
from tracetune.testing.shop import shop_day

SHOP = """
    checkout POST /order 0ms +120ms kind=server version=v2 instance=c-1
      payments Authorize 10ms +80ms kind=client peer=bank error http.response.status_code=500 k8s.namespace.name=shop
      checkout write 95ms +20ms ok version=v2 instance=c-1
"""


def decoded(message: bytes) -> ExportTraceServiceRequest:
    parsed = ExportTraceServiceRequest()
    parsed.ParseFromString(message)
    return parsed


def all_spans(message: bytes) -> list[Span]:
    return [
        span for resource in decoded(message).resource_spans for scope in resource.scope_spans for span in scope.spans
    ]


def test_span_has_its_ids_times_kind_and_status() -> None:
    payment = next(span for span in all_spans(request(build(SHOP))) if span.name == "Authorize")

    assert (payment.trace_id, payment.span_id, payment.parent_span_id) == (trace_id(1), span_id(2), span_id(1))
    assert payment.start_time_unix_nano == DAY_START_UNIX_NANO + 10_000_000
    assert payment.end_time_unix_nano == DAY_START_UNIX_NANO + 90_000_000
    assert (payment.kind, payment.status.code) == (3, 2)
    assert {item.key: item.value.string_value or item.value.int_value for item in payment.attributes} == {
        "http.response.status_code": 500,
        "peer.service": "bank",
    }


def test_spans_of_one_sender_share_a_resource() -> None:
    message = decoded(request(build(SHOP)))

    senders = [
        {item.key: item.value.string_value for item in each.resource.attributes} for each in message.resource_spans
    ]
    assert senders == [
        {"service.name": "checkout", "service.version": "v2", "k8s.pod.name": "c-1"},
        {"service.name": "payments", "k8s.namespace.name": "shop"},
    ]
    assert [len(each.scope_spans[0].spans) for each in message.resource_spans] == [2, 1]


def test_root_has_no_parent() -> None:
    roots = [span for span in all_spans(request(build(SHOP))) if span.parent_span_id == b""]

    assert [span.name for span in roots] == ["POST /order"]


def test_pieces_of_a_request_merge_into_one() -> None:
    message = b"".join(otlp_protobuf([build(SHOP), build("cart Read 0ms +1ms")]))

    assert len(all_spans(message)) == 4


def test_delimited_requests_follow_their_lengths() -> None:
    first, second = otlp_delimited([build(SHOP, repeat=2), SpanBatch.empty()])

    length = (first[0] & 0x7F) | first[1] << 7  # two bytes: more than 127 and fewer than 16,384
    assert len(first) == 2 + length
    assert len(all_spans(first[2:])) == 6
    assert second == b"\x00"


def test_every_span_of_the_shop_is_read_back_by_the_library() -> None:
    (spans,) = shop_day(3, minutes=2, stories=())

    written = all_spans(request(spans))

    assert {span.span_id for span in written} == set(spans.table["span_id"].to_pylist())
