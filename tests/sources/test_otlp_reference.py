from __future__ import annotations

import pytest

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.errors import InvalidInput
from tracetune.sources.otlp_reference import decode

# Written by hand from the .proto files: lengths are those of what follows.
SPAN = (
    b"\x0a\x10" + bytes(range(16)) + b"\x12\x08" + b"\x01" * 8 + b"\x22\x08" + b"\x02" * 8 + b"\x2a\x03GET" + b"\x30\x02"
    + b"\x39" + (1_700_000_000_000_000_000).to_bytes(8, "little") + b"\x41" + (1_700_000_000_000_000_005).to_bytes(8, "little")
    + b"\x7a\x02\x18\x02"
)  # fmt: skip
RESOURCE = b"\x0a\x14" + b"\x0a\x0cservice.name" + b"\x12\x04\x0a\x02ab"


def wrap(tag: bytes, content: bytes) -> bytes:
    assert len(content) < 128
    return tag + bytes([len(content)]) + content


def test_a_message_written_by_hand_is_read() -> None:
    message = wrap(b"\x0a", wrap(b"\x0a", RESOURCE) + wrap(b"\x12", wrap(b"\x12", SPAN)))

    row = decode(message).spans.table.to_pylist()[0]

    assert row["trace_id"] == bytes(range(16))
    assert (row["span_id"], row["parent_span_id"]) == (b"\x01" * 8, b"\x02" * 8)
    assert (row["name"], row["service_name"]) == ("GET", "ab")
    assert (row["kind"], row["status_code"]) == (SpanKind.SERVER, StatusCode.ERROR)
    assert row["end_time_unix_nano"] - row["start_time_unix_nano"] == 5


def test_a_cut_message_is_refused() -> None:
    with pytest.raises(InvalidInput, match="malformed OTLP message"):
        decode(b"\x0a\x05\x0a")
