from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from tracetune.sources.otlp_reference import MalformedMessageError, fields
from tracetune.sources.otlp_wire import read_tag, skip_field


@njit()
def hop(data: NDArray[np.uint8], failure: NDArray[np.int64]) -> int:
    """Number of fields of a message."""
    at: Any
    end: Any
    at, end, count = np.int64(data.ctypes.data), np.int64(data.ctypes.data) + data.size, 0
    where: Any = np.int64(failure.ctypes.data)
    while at < end:
        tag, at = read_tag(where, at, end)
        at = skip_field(where, tag, at, end)
        count += 1
    return count


def hopped(message: bytes) -> int:
    # Bytes after the message that look like more of it: whoever reads beyond its end takes them for good.
    return int(hop(np.frombuffer(message + b"\x01" * 32, np.uint8)[: len(message)], np.zeros(1, np.int64)))


@given(
    st.binary(max_size=40) | st.lists(st.sampled_from([8, 10, 13, 9, 1, 0, 128, 255, 11, 200]), max_size=30).map(bytes)
)
def test_fields_are_told_as_the_plain_reader_tells_them(message: bytes) -> None:
    try:
        expected = len(list(fields(memoryview(message))))
    except MalformedMessageError:
        expected = -1

    try:
        count = hopped(message)
    except ValueError:
        count = -1

    assert count == expected


MALFORMED = {
    "no value": b"\x08",
    "varint of 11 bytes": b"\x08" + b"\x80" * 10 + b"\x01",
    "length beyond the end": b"\x0a\x05abcd",
    "length of 2^64 - 1": b"\x0a" + b"\xff" * 9 + b"\x01",
    "short fixed64": b"\x09\x01\x02",
    "short fixed32": b"\x0d\x01",
    "group": b"\x0b",
    "end of a group": b"\x0c",
    "wire type 6": b"\x0e\x00",
    "field number 0": b"\x00\x00",
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_malformed_fields_are_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="malformed"):
        hopped(message)
