"""Inputs of hundreds of megabytes, through a pipe into a process of its own whose memory is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

MOST_ABOVE_BASE = 500 << 20  # bytes; the product's promise for any file

READ = """
import io
from tracetune.sources.files import InputFile, read
from tracetune.sources.readers import readers
from tracetune.sources.jaeger import JaegerReader

def peak_bytes():  # not ru_maxrss, which begins with the peak of the process that forked this one
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return int(lines["VmHWM"].split()[0]) * 1024

one = b'{"traceID":"a","spans":[{"traceID":"a","spanID":"1","startTime":1700000000000000,"duration":1}]}'
assert sum(len(part.spans) for part in JaegerReader().read(io.BytesIO(one))) == 1
base = peak_bytes()
spans = sum(len(part.spans) for part in read(InputFile("-"), readers()))
print(spans, peak_bytes() - base)
"""


def span(number: int) -> bytes:
    tags = [
        {"key": f"http.header.number{k}", "type": "string", "value": f"some value {number} of a header"}
        for k in range(12)
    ]
    fields = {
        "traceID": "a1", "spanID": f"{number + 1:x}", "operationName": f"GET /{number % 50}", "references": [], "logs": [],
        "startTime": 1_700_000_000_000_000 + number, "duration": 10, "tags": tags, "processID": "p1", "warnings": None,
    }  # fmt: skip
    return json.dumps(fields).encode()


def trace(spans: list[bytes]) -> Iterator[bytes]:
    yield b'{"traceID": "a1", "spans": ['
    for number, text in enumerate(spans):
        yield b", " * (number > 0) + text
    yield b'], "processes": {"p1": {"serviceName": "cart", "tags": []}}}'


def many_traces() -> Iterator[bytes]:
    one = b"".join(trace([span(number) for number in range(50)]))
    yield b'{"data": ['
    for number in range(6_000):  # 300,000 spans
        yield b"," * (number > 0) + one
    yield b'], "total": 0}'


def one_trace_of_100_000_spans() -> Iterator[bytes]:
    yield b'{"data": ['
    yield from trace([span(number) for number in range(100_000)])
    yield b'], "total": 0}'


def many_lines() -> Iterator[bytes]:
    document = json.loads(span(1))
    document["process"] = {"serviceName": "cart"}
    line = json.dumps(document).encode() + b"\n"
    for _ in range(2_000):
        yield line * 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pieces", "spans", "least_bytes"),
    [
        (many_traces, 300_000, 300 << 20),
        (one_trace_of_100_000_spans, 100_000, 100 << 20),
        (many_lines, 200_000, 200 << 20),
    ],
)
def test_memory_stays_bounded_however_long_the_stream_is(pieces: object, spans: int, least_bytes: int) -> None:
    assert callable(pieces)
    reader = subprocess.Popen([sys.executable, "-c", READ], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own code
    assert reader.stdin
    assert reader.stdout
    sent = 0

    for piece in pieces():
        sent += reader.stdin.write(piece)
    reader.stdin.close()
    counted, peak = (int(word) for word in reader.stdout.read().split())
    reader.wait()
    reader.stdout.close()

    assert sent > least_bytes
    assert counted == spans
    assert peak < MOST_ABOVE_BASE, f"{peak >> 20} MiB above the base for {sent >> 20} MiB of input"
