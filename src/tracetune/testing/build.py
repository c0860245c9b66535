"""Spans from a readable shorthand: one span a line, indentation for who called whom.

A line is ``SERVICE NAME… START +DURATION WORD…``::

    checkout POST /order  0ms +120ms kind=server version=v2
      payments Authorize  10ms +80ms kind=server instance=p-1 error
      cart Read           95ms +20ms http.response.status_code=200

- SERVICE is the first word, NAME all words up to START; without any the span is named like its service.
- START counts from ``start_time_unix_nano``: a number with ``ns us ms s m h``, or a clock time ``HH:MM:SS`` with any
  number of decimals. DURATION is a number with a unit; ``+-5ms`` makes a span that ends before it starts.
- A line that is indented more is a child of the nearest line above that is indented less. Several lines without
  indentation are several roots of one trace; a blank line begins the next trace.
- WORD is ``error`` or ``ok`` (the status), ``kind=server``, ``instance=``, ``version=``, ``peer=``, or an attribute, whose
  key has a dot or an underscore. ``id=`` and ``parent=`` replace the numbers that a span is given, to make duplicates,
  orphans and cycles. The kind is ``internal`` where none is said.

Traces are numbered from 1, and spans from 1 within their trace; the ids are these numbers in big-endian bytes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tracetune.domain.spans import SPAN_SCHEMA, SpanBatch, SpanKind, StatusCode

DAY_START_UNIX_NANO = 1_772_409_600_000_000_000
"""2026-03-02T00:00:00Z, a Monday: where offsets count from."""

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|ms|s|m|h)")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)")
_STATUS = {"error": StatusCode.ERROR, "ok": StatusCode.OK}
_COLUMNS = {"instance": "instance", "version": "service_version", "peer": "peer"}


def build(
    text: str, *, start_time_unix_nano: int = DAY_START_UNIX_NANO, repeat: int = 1, every: str = "1s"
) -> SpanBatch:
    """The spans that the shorthand describes, in its order.

    Args:
        text: lines as the module describes; common indentation does not matter.
        start_time_unix_nano: the time that ``0ms`` means.
        repeat: how many times to give all traces, each time with new trace ids.
        every: how much later each repetition begins, as ``500ms``.

    Raises:
        ValueError: A line is not in the shorthand; the message has the line and what to write.

    Examples:
        >>> spans = build('''
        ...     checkout POST /order 0ms +120ms kind=server
        ...       payments Authorize 10ms +80ms kind=server instance=p-1 error
        ... ''')
        >>> spans.table["name"].to_pylist()
        ['POST /order', 'Authorize']
        >>> (spans.column("end_time_unix_nano") - spans.column("start_time_unix_nano")).tolist()
        [120000000, 80000000]
        >>> len(build("cart Read 23:59:59.9 +300ms", repeat=60, every="1m"))
        60
    """
    rows = list(_rows(textwrap.dedent(text), start_time_unix_nano))
    return _repeated(SpanBatch.from_rows(rows), repeat, nanoseconds(every))


def nanoseconds(text: str) -> int:
    """A duration with a unit, or a clock time since midnight, in nanoseconds.

    Examples:
        >>> nanoseconds("1.5ms"), nanoseconds("00:01:00.25")
        (1500000, 60250000000)
    """
    if match := _DURATION.fullmatch(text):
        return round(float(match[1]) * _UNITS[match[2]])
    if match := _CLOCK.fullmatch(text):
        return round((int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])) * 10**9)
    raise ValueError(f"{text!r} is no time; write a number with a unit (ns us ms s m h) or a clock time HH:MM:SS")


def trace_id(number: int) -> bytes:
    """The id of the trace with this number."""
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    """The id of the span with this number in its trace; 0 is the parent of a root."""
    return number.to_bytes(8, "big")


def _rows(text: str, start: int) -> Iterator[dict[str, Any]]:
    trace, number = 1, 0
    above: list[tuple[int, bytes]] = []  # (indentation, span id) of the lines that this one may be a child of
    for line in text.splitlines():
        if not line.strip():
            trace, number, above = (trace + 1, 0, []) if number else (trace, 0, [])
            continue
        number += 1
        indentation = len(line) - len(line.lstrip())
        while above and above[-1][0] >= indentation:
            above.pop()
        row = {"trace_id": trace_id(trace), "span_id": span_id(number), "parent_span_id": span_id(0)}
        if above:
            row["parent_span_id"] = above[-1][1]
        row |= _span(line, start)
        above.append((indentation, row["span_id"]))
        yield row


def _span(line: str, start: int) -> dict[str, Any]:
    words = line.split()
    at = next((i for i, word in enumerate(words) if i and word.startswith("+") and len(word) > 1), 0)
    if at < 2:
        raise ValueError(f"{line.strip()!r}: write SERVICE NAME START +DURATION, as 'cart Read 0ms +20ms'")
    try:
        begin = start + nanoseconds(words[at - 1])
        end = begin + nanoseconds(words[at][1:])
        row: dict[str, Any] = {
            "service_name": words[0],
            "name": " ".join(words[1 : at - 1]) or words[0],
            "kind": SpanKind.INTERNAL,
            "start_time_unix_nano": begin,
            "end_time_unix_nano": end,
            "attributes": {},
        }
        for word in words[at + 1 :]:
            _apply(word, row)
    except ValueError as error:
        raise ValueError(f"{line.strip()!r}: {error}") from None
    return row


def _apply(word: str, row: dict[str, Any]) -> None:
    """Change the row by one word behind the duration."""
    key, equals, value = word.partition("=")
    if word in _STATUS:
        row["status_code"] = _STATUS[word]
    elif key == "kind" and value.upper() in SpanKind.__members__:
        row["kind"] = SpanKind[value.upper()]
    elif key in _COLUMNS and value:
        row[_COLUMNS[key]] = value
    elif key in {"id", "parent"} and value.isdigit():
        row["span_id" if key == "id" else "parent_span_id"] = span_id(int(value))
    elif equals and ("." in key or "_" in key):
        row["attributes"][key] = value
    else:
        raise ValueError(
            f"{word!r} means nothing; use error, ok, kind=, instance=, version=, peer=, id=, parent= "
            "or an attribute whose key has a dot or an underscore"
        )


def _repeated(spans: SpanBatch, repeat: int, every_nano: int) -> SpanBatch:
    if repeat == 1 or not len(spans):
        return spans
    tiled = spans.take(np.tile(np.arange(len(spans)), repeat))
    round_of = np.repeat(np.arange(repeat, dtype=np.int64), len(spans))
    numbers = np.frombuffer(b"".join(tiled.table["trace_id"].to_pylist()), ">u8").reshape(-1, 2)[:, 1].astype(np.int64)
    ids = np.zeros((len(tiled), 2), ">u8")
    ids[:, 1] = numbers + round_of * numbers.max()
    columns = {
        "trace_id": pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(tiled), [None, pa.py_buffer(ids)]),
        **{
            name: pa.array(tiled.column(name) + round_of * every_nano)
            for name in ("start_time_unix_nano", "end_time_unix_nano")
        },
    }
    arrays = [columns.get(name, tiled.table[name]) for name in SPAN_SCHEMA.names]
    return SpanBatch(pa.table(arrays, schema=SPAN_SCHEMA))
