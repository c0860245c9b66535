from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tracetune.sources.otlp_shape import is_delimited, signal_of


def traces() -> bytes:
    request = ExportTraceServiceRequest()
    batch = request.resource_spans.add()
    batch.resource.attributes.add(key="service.name").value.string_value = "cart"
    batch.scope_spans.add().scope.name = "empty"
    scope = batch.scope_spans.add()
    scope.scope.name = "library"
    scope.spans.add(trace_id=bytes(range(16)), span_id=bytes(range(8)), name="x")
    return bytes(request.SerializeToString())


def logs() -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1).body.string_value = "x"
    return bytes(request.SerializeToString())


def metrics() -> bytes:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.add().scope_metrics.add().metrics.add(name="a metric of any name")
    return bytes(request.SerializeToString())


@pytest.mark.parametrize(
    ("message", "signal"), [(traces(), "traces"), (logs(), "logs"), (metrics(), "metrics"), (b"", None)]
)
def test_the_first_item_tells_the_signal(message: bytes, signal: str | None) -> None:
    assert signal_of(message) == signal


def test_a_head_that_is_cut_is_still_told() -> None:
    message = traces()

    assert all(signal_of(message[:size]) in ("traces", None) for size in range(1, len(message)))
    assert signal_of(message[:-4]) == "traces"


@pytest.mark.parametrize("prefix", [bytes([len(traces())]), len(traces()).to_bytes(4, "big")])
def test_a_length_before_a_request_is_noticed(prefix: bytes) -> None:
    assert is_delimited(prefix + traces())
    assert not is_delimited(traces())


@given(st.binary(max_size=100))
def test_arbitrary_bytes_never_raise(head: bytes) -> None:
    assert signal_of(head) in ("traces", "logs", "metrics", None)
    assert is_delimited(head) in (True, False)
