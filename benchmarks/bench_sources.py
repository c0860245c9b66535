"""Bytes to SpanBatches: our readers against the obvious loops, in one run, in spans per CPU-second.

Usage: python benchmarks/bench_sources.py [SPANS]
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import otlp_data
import plain_json
from report import Row, compared, measure, save, table
from tracetune.ports import SpanReader
from tracetune.sources import otlp_decode
from tracetune.sources.jaeger import JaegerReader
from tracetune.sources.otlp_decode import OtlpDecoder
from tracetune.sources.otlp_json import OtlpJsonLinesReader
from tracetune.sources.readers import readers
from tracetune.sources.semconv import RESOURCE_INDEX, SPAN_INDEX

_REPEAT = 3
_LOOP_REQUESTS_BYTES = (
    12_000_000  # of the input for the loops, which are slow: their speed does not depend on the amount
)
_LARGE_FILE_BYTES = 300 << 20  # at least, of the files whose reading is measured for memory


def protobuf_loop(requests: Iterable[bytes]) -> list[tuple[Any, ...]]:
    """The obvious way: the official bindings (upb, C), and a loop over spans and attributes."""
    rows = []
    for request in requests:
        for batch in ExportTraceServiceRequest.FromString(request).resource_spans:
            resource_tags = _picked(batch.resource.attributes, RESOURCE_INDEX)
            for scope in batch.scope_spans:
                for span in scope.spans:
                    rows.append(  # noqa: PERF401 - the loop as it is written by most
                        (
                            span.trace_id,
                            span.span_id,
                            span.parent_span_id,
                            span.name,
                            span.kind,
                            span.start_time_unix_nano,
                            span.end_time_unix_nano,
                            span.status.code,
                            _picked(span.attributes, SPAN_INDEX),
                            resource_tags,
                        )
                    )
    return rows


def _picked(attributes: Iterable[Any], wanted: dict[str, int]) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes if pair.key in wanted}


def otlp_json_line(request: bytes) -> bytes:
    """A request as a line of the Collector's file exporter."""
    document = MessageToDict(ExportTraceServiceRequest.FromString(request), use_integers_for_enums=True)
    for span in _spans(document):
        for key in ("traceId", "spanId", "parentSpanId"):
            if key in span:
                span[key] = _hexadecimal(span[key])
    return json.dumps(document, separators=(",", ":")).encode()


def _hexadecimal(text: str) -> str:
    import base64  # noqa: PLC0415 - protobuf's JSON has base64 where OTLP's has hexadecimal

    return base64.b64decode(text).hex()


def _spans(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (span for batch in document["resourceSpans"] for scope in batch["scopeSpans"] for span in scope["spans"])


def jaeger_document(lines: Iterable[bytes]) -> bytes:
    """The spans of OTLP lines as an answer of Jaeger's query API."""
    traces: dict[str, dict[str, Any]] = {}
    for line in lines:
        for batch in json.loads(line)["resourceSpans"]:
            tags = [_jaeger_tag(pair) for pair in batch["resource"]["attributes"]]
            said = {tag["key"]: tag["value"] for tag in tags}
            for span in (span for scope in batch["scopeSpans"] for span in scope["spans"]):
                trace = traces.setdefault(span["traceId"], {"traceID": span["traceId"], "spans": [], "processes": {}})
                trace["processes"][said["k8s.pod.name"]] = {"serviceName": said["service.name"], "tags": tags}
                trace["spans"].append(_jaeger_span(span, said["k8s.pod.name"]))
    return json.dumps({"data": list(traces.values())}, separators=(",", ":")).encode()


def _jaeger_span(span: dict[str, Any], process: str) -> dict[str, Any]:
    start, end = int(span["startTimeUnixNano"]) // 1000, int(span["endTimeUnixNano"]) // 1000
    parent = span.get("parentSpanId")
    references = [{"refType": "CHILD_OF", "traceID": span["traceId"], "spanID": parent}] if parent else []
    # The kind and the status are tags (OpenTelemetry, "Mapping to non-OTLP formats").
    tags = [{"key": "span.kind", "type": "string", "value": {2: "server", 3: "client"}[span["kind"]]}]
    if span.get("status", {}).get("code") == 2:
        tags.append({"key": "otel.status_code", "type": "string", "value": "ERROR"})
    return {
        "traceID": span["traceId"], "spanID": span["spanId"], "operationName": span["name"], "references": references,
        "startTime": start, "duration": end - start, "tags": [_jaeger_tag(pair) for pair in span["attributes"]] + tags,
        "logs": [], "processID": process, "warnings": None,
    }  # fmt: skip


def _jaeger_tag(pair: dict[str, Any]) -> dict[str, Any]:
    kind, value = next(iter(pair["value"].items()))
    return {"key": pair["key"], "type": "string", "value": value} if kind == "stringValue" else {
        "key": pair["key"], "type": "int64", "value": int(value),
    }  # fmt: skip


def decoded(decoder: OtlpDecoder, requests: Iterable[bytes]) -> int:
    """Decode all and keep them, as whoever works on them does."""
    return sum(len(batch.spans) for batch in [decoder.decode(request) for request in requests])


def measure_protobuf(shape: str, requests: list[bytes]) -> list[Row]:
    """The scan against the protobuf loop, for one shape of requests; checks that both see the same spans."""
    few = _first(requests, _LOOP_REQUESTS_BYTES)
    expected = protobuf_loop(few)
    found = [
        row
        for request in few
        for row in OtlpDecoder().decode(request).spans.table.select(["span_id", "name"]).to_pylist()
    ]
    assert [(row[1], row[3]) for row in expected] == [(row["span_id"], row["name"]) for row in found]
    known = OtlpDecoder()
    spans = decoded(known, requests)
    loop = measure(f"OTLP protobuf, {shape}: upb and loops", lambda: protobuf_loop(few), len(expected), _REPEAT)
    first = measure(
        f"OTLP protobuf, {shape}: scan to SpanBatch, first requests",
        lambda: decoded(OtlpDecoder(), requests),
        spans,
        _REPEAT,
    )
    later = measure(
        f"OTLP protobuf, {shape}: scan to SpanBatch, later requests", lambda: decoded(known, requests), spans, _REPEAT
    )
    return [loop, compared(first, loop, "strings met for the first time"), compared(later, loop, "steady state")]


def measure_json(requests: list[bytes]) -> list[Row]:
    """The JSON readers against json.loads and loops; checks that both see the same columns."""
    lines = [otlp_json_line(request) for request in _first(requests, _LOOP_REQUESTS_BYTES)]
    stream, document = b"\n".join(lines), jaeger_document(lines)
    return [
        *_reader_against("OTLP JSON", OtlpJsonLinesReader, stream, lambda: plain_json.otlp_json_columns(lines)),
        *_reader_against("Jaeger JSON", JaegerReader, document, lambda: plain_json.jaeger_columns(document)),
    ]


def _reader_against(
    name: str, reader: Callable[[], SpanReader], stream: bytes, plain: Callable[[], plain_json.Columns]
) -> list[Row]:
    expected = plain()
    for column, values in expected.items():
        found = [value for part in reader().read(io.BytesIO(stream)) for value in part.spans.table[column].to_pylist()]
        found = [dict(value) if isinstance(value, list) else value for value in found]
        assert found == values, f"{name}: {column} differs"
    spans = len(expected["name"])
    del expected
    loop = measure(f"{name}: json.loads and loops", plain, spans, _REPEAT)
    ours = measure(
        f"{name}: reader", lambda: sum(len(part.spans) for part in reader().read(io.BytesIO(stream))), spans, _REPEAT
    )
    return [loop, compared(ours, loop)]


def _first(requests: list[bytes], size: int) -> list[bytes]:
    chosen, total = [], 0
    for request in requests:
        if total < size:
            chosen.append(request)
            total += len(request)
    return chosen


def memory_figures(requests: list[bytes], folder: Path) -> dict[str, float]:
    """For a large file of each format: its size, and the memory that reading it takes above that for a small one."""
    few = _first(requests, _LOOP_REQUESTS_BYTES)
    lines = [otlp_json_line(request) for request in few]
    traces = jaeger_document(lines).removeprefix(b'{"data":[').removesuffix(b"]}")
    pieces = {  # head, small piece, large piece that is repeated, separator, tail
        "otlp_protobuf": (b"", requests[0], b"".join(few), b"", b""),  # messages joined are one of all their fields
        "otlp_jsonl": (b"", lines[0], b"\n".join(lines), b"\n", b""),
        "jaeger": (b'{"data":[', b"{}", traces, b",", b"]}"),
    }
    figures: dict[str, float] = {}
    for name, (head, small, large, separator, tail) in pieces.items():
        paths = folder / "small", folder / "large"
        paths[0].write_bytes(head + small + tail)
        with paths[1].open("wb") as file:
            file.write(head + large)
            while file.tell() < _LARGE_FILE_BYTES:
                file.write(separator + large)
            file.write(tail)
        figures[f"{name}_file_mebibytes"] = paths[1].stat().st_size / 2**20
        figures[f"{name}_mebibytes_above_base"] = _mebibytes_above_base(name, *paths)
    return figures


def _mebibytes_above_base(name: str, small: Path, large: Path) -> float:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, __file__, "--read", name, str(small), str(large)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def _read_for_peak(name: str, small: str, large: str) -> None:
    """Print how much higher the peak of this process is after the large file than after the small one."""
    peaks = []
    for path in (small, large):
        with Path(path).open("rb") as stream:
            for part in readers()[name].read(stream):
                del part  # or the next is made while this one is held
        # Not getrusage: its maximum begins with what the parent had when it forked.
        status = Path("/proc/self/status").read_text()
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    print(peaks[1] - peaks[0])


def main(spans: int) -> None:
    """Measure everything, print the table, write the JSON."""
    otlp_decode.warm_up()
    rows = []
    for shape in ("collector", "sdk"):
        requests = otlp_data.requests(spans, shape=shape)
        rows += measure_protobuf(shape, requests)
    rows += measure_json(requests)
    with tempfile.TemporaryDirectory() as folder:
        figures = memory_figures(requests, Path(folder))
    print(table(rows))
    print("\n".join(f"{name}: {value:,.0f}" for name, value in figures.items()))
    save("sources", rows, **figures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        _read_for_peak(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
