"""OTLP over gRPC, from the exporter of OpenTelemetry's SDK and from raw calls."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests.live.parts import Reception, trace_of

from tracetune.errors import Conflict, Unavailable
from tracetune.sources.grpc import GrpcReceiver
from tracetune.sources.reception import Overloaded
from tracetune.testing.otlp_writer import request

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def reception() -> Reception:
    return Reception()


@pytest.fixture
def receiver(reception: Reception) -> Iterator[GrpcReceiver]:
    receiver = GrpcReceiver(reception.accept, "127.0.0.1", 0, max_request_bytes=1 << 20)
    yield receiver
    receiver.stop(0)


def export(port: int, message: bytes, **more: Any) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer: bytes = channel.unary_unary(METHOD)(message, timeout=10, **more)
        return answer


def refusal(port: int, message: bytes, **more: Any) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        export(port, message, **more)
    return caught.value


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_spans_of_the_sdks_exporter_arrive(
    receiver: GrpcReceiver, reception: Reception, compression: grpc.Compression
) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{receiver.port}", insecure=True, compression=compression)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for _ in range(5):
        with provider.get_tracer("test").start_as_current_span("work"):
            pass
    provider.shutdown()

    assert reception.spans == 5
    assert receiver.tally.spans == 5


def test_request_without_fault_is_answered_by_the_empty_message(receiver: GrpcReceiver) -> None:
    assert export(receiver.port, request(trace_of(0))) == b""


def test_spans_that_are_left_out_are_a_partial_success(receiver: GrpcReceiver) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    without_id = request(trace_of(0)).replace(trace_of(0).table["span_id"][0].as_py(), bytes(8))

    answer = ExportTraceServiceResponse.FromString(export(receiver.port, without_id))

    assert answer.partial_success.rejected_spans == 1
    assert "span id" in answer.partial_success.error_message


def test_garbage_is_refused_as_an_invalid_argument(receiver: GrpcReceiver, reception: Reception) -> None:
    error = refusal(receiver.port, b"\xff\xfe\xfd garbage")

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reception.payloads == []


def test_overload_is_told_with_when_to_come_again(receiver: GrpcReceiver, reception: Reception) -> None:
    reception.failure = Overloaded("too much waits")

    error = refusal(receiver.port, request(trace_of(0)))

    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    retry = error_details_pb2.RetryInfo()
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert status.details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 2


def test_store_that_is_away_is_unavailable_and_worth_another_try(receiver: GrpcReceiver, reception: Reception) -> None:
    reception.failure = Unavailable("the disk is full")

    error = refusal(receiver.port, request(trace_of(0)))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "grpc-status-details-bin" in dict(error.trailing_metadata())


def test_sdk_sends_again_what_was_turned_away(receiver: GrpcReceiver, reception: Reception) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    reception.failure = Overloaded("too much waits")
    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{receiver.port}", insecure=True)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    refused = receiver.tally.turned_away
    again = threading.Event()

    def turned_away() -> None:
        refused()
        reception.failure = None
        again.set()

    receiver.tally.turned_away = turned_away  # type: ignore[method-assign]
    with provider.get_tracer("test").start_as_current_span("work"):
        pass
    provider.shutdown()

    assert again.is_set()
    assert reception.spans == 1


def test_message_beyond_the_limit_is_refused_also_when_it_is_small_on_the_wire(
    receiver: GrpcReceiver, reception: Reception
) -> None:
    bomb = bytes(8 << 20)

    plain = refusal(receiver.port, bomb)
    compressed = refusal(receiver.port, bomb, compression=grpc.Compression.Gzip)

    assert len(gzip.compress(bomb)) < 10_000
    assert {plain.code(), compressed.code()} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert reception.payloads == []


def test_only_who_has_the_token_is_let_in(reception: Reception) -> None:
    receiver = GrpcReceiver(reception.accept, "127.0.0.1", 0, tokens=["other", "open sesame"])
    message = request(trace_of(0))

    codes = [
        refusal(receiver.port, message).code(),
        refusal(receiver.port, message, metadata=[("authorization", "Bearer open")]).code(),
    ]
    answer = export(receiver.port, message, metadata=[("authorization", "Bearer open sesame")])
    receiver.stop(0)

    assert codes == [grpc.StatusCode.UNAUTHENTICATED] * 2
    assert answer == b""
    assert reception.spans == 2


def test_port_that_is_taken_is_a_conflict(receiver: GrpcReceiver, reception: Reception) -> None:
    with pytest.raises(Conflict, match="cannot listen on 127"):
        GrpcReceiver(reception.accept, "127.0.0.1", receiver.port)


def test_grpcurl_can_send_spans(receiver: GrpcReceiver, reception: Reception, tmp_path: Path) -> None:
    protoset = tmp_path / "otlp.protoset"
    protoset.write_bytes(_descriptors())
    span = {"traceId": "AAAAAAAAAAAAAAAAAAAAAQ==", "spanId": "AAAAAAAAAAE=", "name": "work"}
    times = {"startTimeUnixNano": str(10**18 * 17 // 10), "endTimeUnixNano": str(10**18 * 17 // 10 + 5)}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{**span, **times}]}]}]}
    grpcurl = Path(sys.executable).with_name("grpcurl")

    run = subprocess.run(  # noqa: S603 - ours
        [
            grpcurl,
            "-plaintext",
            "-protoset",
            protoset,
            "-d",
            json.dumps(document),
            f"127.0.0.1:{receiver.port}",
            METHOD[1:],
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, json.loads(run.stdout or "null"), run.stderr) == (0, {}, "")
    assert reception.spans == 1


def _descriptors() -> bytes:
    """The OTLP trace service as a protoset, for a client that does not know it."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    found: dict[str, Any] = {}

    def add(descriptor: Any) -> None:
        for each in descriptor.dependencies:
            add(each)
        found.setdefault(descriptor.name, descriptor)

    add(trace_service_pb2.DESCRIPTOR)
    files = FileDescriptorSet()
    for descriptor in found.values():
        descriptor.CopyToProto(files.file.add())
    encoded: bytes = files.SerializeToString()
    return encoded
