"""Protobuf's wire format for compiled kernels: numbers, lengths and fields at addresses, each checked against its end.

A function that meets malformed bytes leaves their address in ``failure`` and raises ValueError. Source: protobuf encoding
specification (protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from tracetune.sources.otlp_memory import load_byte, load_word, store_int

_int: Any = np.int64  # mypy would tell it from int, numba does not
_ZERO = np.uint64(0)
_SEVEN = np.uint64(7)
_LOW_7 = np.uint64(0x7F)
_SMALLEST_TAG = np.uint64(8)
_LARGEST_TAG = np.uint64(0xFFFFFFFF)


@njit(cache=True, forceinline=True)
def stop(failure: int, at: int) -> None:
    """Give up at this address."""
    store_int(failure, at)
    raise ValueError("malformed message")


@njit(cache=True)
def _long_varint(at: int, end: int) -> tuple[np.uint64, int]:
    """The value and the position after it, or -1 where it does not end."""
    value, shift = _ZERO, _ZERO
    for position in range(at, min(end, at + 10)):
        byte = np.uint64(load_byte(position))
        value |= (byte & _LOW_7) << shift
        if byte <= _LOW_7:
            return value, position + 1
        shift += _SEVEN
    return value, -1


@njit(cache=True, forceinline=True)
def read_varint(failure: int, at: int, end: int) -> tuple[np.uint64, int]:
    """The varint at ``at``, of 10 bytes at most, and the position after it; bits above 64 are dropped."""
    if at < end and load_byte(at) < 0x80:
        return np.uint64(load_byte(at)), at + 1
    value, after = _long_varint(at, end)
    if after < 0:
        stop(failure, at)
    return value, after


@njit(cache=True, forceinline=True)
def read_tag(failure: int, at: int, end: int) -> tuple[int, int]:
    """Field number << 3 | wire type, and the position after it. Field numbers are 1 to 2^29 - 1."""
    value, after = read_varint(failure, at, end)
    if value < _SMALLEST_TAG or value > _LARGEST_TAG:
        stop(failure, at)
    return _int(value), after


@njit(cache=True, forceinline=True)
def read_bounds(failure: int, at: int, end: int) -> tuple[int, int]:
    """Begin and end of the bytes whose length stands at ``at``."""
    length, begin = read_varint(failure, at, end)
    if length > np.uint64(end - begin):
        stop(failure, at)
    return begin, begin + _int(length)


@njit(cache=True, forceinline=True)
def skip_field(failure: int, tag: int, at: int, end: int) -> int:
    """The position after a field that is not wanted."""
    after = _after(tag & 7, at, end)
    if after < 0:
        stop(failure, at)
    return after


@njit(cache=True)
def _after(wire_type: int, at: int, end: int) -> int:
    """The position after the field at ``at``, or -1. Groups (wire types 3 and 4) are refused: OTLP never had any."""
    if wire_type == 2:
        length, begin = _long_varint(at, end)
        return begin + _int(length) if begin >= 0 and length <= np.uint64(end - begin) else -1
    if wire_type == 0:
        return _long_varint(at, end)[1]
    after = at + (8 if wire_type == 1 else 4)
    return after if after <= end and wire_type in (1, 5) else -1


@njit(cache=True, forceinline=True)
def read_fixed64(failure: int, at: int, end: int) -> np.uint64:
    """The eight bytes at ``at``."""
    if at + 8 > end:
        stop(failure, at)
    word: np.uint64 = load_word(at)
    return word
