from __future__ import annotations

import io
import subprocess
import sys

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tracetune.errors import InvalidInput
from tracetune.sources.detect import detect
from tracetune.sources.otlp import OtlpDelimitedReader, OtlpProtobufReader

NANO = 1_700_000_000_000_000_000


def request(first: int, count: int) -> bytes:
    spans = [
        Span(
            trace_id=n.to_bytes(16),
            span_id=n.to_bytes(8),
            name="GET",
            start_time_unix_nano=NANO,
            end_time_unix_nano=NANO + n,
        )
        for n in range(first, first + count)
    ]
    batches = [ResourceSpans(scope_spans=[ScopeSpans(spans=[span])]) for span in spans]
    return bytes(ExportTraceServiceRequest(resource_spans=batches).SerializeToString())


def prefixed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


def test_a_file_of_one_request_is_read() -> None:
    parts = list(OtlpProtobufReader().read(io.BytesIO(request(1, 50))))

    assert [int.from_bytes(i) for part in parts for i in part.spans.table["trace_id"].to_pylist()] == list(range(1, 51))


def test_a_file_of_the_collector_in_protobuf_is_read() -> None:
    file = prefixed(request(1, 3)) + prefixed(request(4, 2))

    parts = list(OtlpDelimitedReader().read(io.BytesIO(file)))

    assert detect(file) == OtlpDelimitedReader.format
    assert sum(len(part.spans) for part in parts) == 5


def test_a_damaged_message_in_a_stream_is_named_by_its_place_after_all_before_it_was_given() -> None:
    good, bad = prefixed(request(1, 3)), prefixed(request(4, 2) + b"\x0b")
    parts = OtlpDelimitedReader().read(io.BytesIO(good + bad))

    first = next(parts)

    assert len(first.spans) >= 3
    with pytest.raises(InvalidInput, match=r"byte \d+: this is no well-formed OTLP message"):
        next(parts)


def test_readers_are_known_without_loading_numba() -> None:
    code = "import sys, tracetune.sources.otlp; sys.exit('numba' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603 - our own code

    assert done.returncode == 0
