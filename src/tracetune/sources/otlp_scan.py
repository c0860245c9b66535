"""The compiled scan of OTLP trace messages: protobuf bytes in, columns and interned codes out, in one pass.

It knows the wire format and OTLP's field numbers, not what attributes mean: of each span it interns one *context*, the sequence
of all that roles and kept attributes are resolved from (resource, kind, status, known attributes). Spans by the same code
path have equal contexts, so what they mean is worked out once a context, outside (``otlp_contexts.py``).

Source: protobuf encoding specification (protobuf.dev/programming-guides/encoding); opentelemetry-proto trace/v1/trace.proto,
common/v1/common.proto, resource/v1/resource.proto. ``otlp_reference.py`` is the same reading in plain Python.

Positions are addresses, and the arrays' addresses stand in one tuple: see ``otlp_memory`` for why. Every load from a message
lies between ``at`` and ``end``; every length is checked against the end of what holds it before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.sources.otlp_intern import Places, intern, same_bytes
from tracetune.sources.otlp_memory import load_byte, load_code, load_int, load_word, store_code, store_int, store_word
from tracetune.sources.otlp_wire import read_bounds, read_fixed64, read_tag, read_varint, skip_field

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Words = NDArray[np.uint64]

# The cells of ``state``.
STOPPED_AT, NO_ROOM, SPANS, REJECTED = 0, 1, 2, 3
REASONS = ("no_trace_id", "no_span_id", "no_time", "time_out_of_range", "negative_duration")
STATE_CELLS = REJECTED + len(REASONS)

# Values of the cell NO_ROOM.
TABLES_FULL, SCRATCH_FULL = 1, 2

# The tables that are interned into.
NAMES, TEXTS, RESOURCES, CONTEXTS, TABLES = 0, 1, 2, 3, 4

# A context is words of 64 bits: resource code, kind, status code, then two for each known attribute: key << 3 | type, and
# the text's code, the number, or the bits of the double. A resource is the words of its attributes only.
NO_VALUE, STRING, BOOL, INT, DOUBLE = 0, 1, 2, 3, 4
TYPE_BITS = 3
CONTEXT_HEAD = 3

# A key's row: the next key of its bucket or -1, where its bytes begin and end, in which scopes it is known.
NEXT_KEY, KEY_BEGIN, KEY_END, KEY_SCOPES = 0, 1, 2, 3
KEY_BUCKETS = 1024
SPAN_SCOPE, RESOURCE_SCOPE = 1, 2
NO_NUMBERS = 4  # beside the scopes: an address in digits says nothing under this key

SMALLEST_SPAN_BYTES = 48
"""Tag and length, two ids, two times: no shorter span is accepted, so this bounds the rows of a message."""

_int: Any = np.int64  # addresses are unsigned in numba, and unsigned with signed makes floats; of each literal that is
# handed on as it is numba compiles a function of its own
_EARLIEST = np.uint64(946_684_800_000_000_000)  # 2000-01-01 and 2100-01-01: the range of a SpanBatch
_LATEST = np.uint64(4_102_444_800_000_000_000)
_MASK_32 = np.uint64(0xFFFFFFFF)
_ZERO = np.uint64(0)


class _Memory(NamedTuple):
    """Where everything lies that the scan reads and writes, beside the messages."""

    state: int
    failure: int  # the address of the cell STOPPED_AT
    key_heads: int
    key_rows: int
    key_pool: int
    tables: Places
    scratch: int
    scratch_words: int
    trace_ids: int
    span_ids: int
    parent_span_ids: int
    starts: int
    ends: int
    names: int
    contexts: int


def _inlined(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - a dispatcher, which has no type
    return njit(cache=True, forceinline=True)(function)


@_inlined
def bucket_of(begin: int, length: int) -> int:
    """The bucket of a key that is not empty, by its length and three of its bytes: enough to tell most unknown ones."""
    first, middle = _int(load_byte(begin)), _int(load_byte(begin + (length >> 1)))
    last = _int(load_byte(begin + length - 1))
    bucket: int = (length * 37 + first * 5 + middle * 67 + last * 131) & (KEY_BUCKETS - 1)
    return bucket


@njit(cache=True)
def place_keys(pool: Bytes, heads: Codes, rows: Codes) -> None:
    """Chain the keys of ``rows`` into the buckets ``heads``."""
    for key in range(rows.shape[0]):
        begin, end = _int(rows[key, KEY_BEGIN]), _int(rows[key, KEY_END])
        bucket = bucket_of(_int(pool.ctypes.data) + begin, end - begin)
        rows[key, NEXT_KEY] = heads[bucket]
        heads[bucket] = key


@_inlined
def _want_room(memory: _Memory, what: int) -> None:
    store_int(memory.state + 8 * NO_ROOM, what)
    raise ValueError("no room")


@_inlined
def _find_key(memory: _Memory, begin: int, end: int, scope: int) -> int:
    length = end - begin
    if length == 0:
        return -1
    key: int = _int(load_code(memory.key_heads + 4 * bucket_of(begin, length)))
    while key >= 0:
        row = memory.key_rows + 16 * key
        start = _int(load_code(row + 4 * KEY_BEGIN))
        fits = load_code(row + 4 * KEY_END) - start == length and load_code(row + 4 * KEY_SCOPES) & scope
        if fits and same_bytes(memory.key_pool + start, begin, length):
            return key
        key = _int(load_code(row + 4 * NEXT_KEY))
    return -1


@_inlined
def _value(memory: _Memory, at: int, end: int) -> tuple[int, int, int, int]:
    """An AnyValue's type, its number or bits, and a text's begin and end. The last of several members counts."""
    kind, payload, text_begin, text_end = NO_VALUE, _int(0), at, at
    while at < end:
        tag, at = read_tag(memory.failure, at, end)
        if tag == 10:  # string_value
            text_begin, text_end = read_bounds(memory.failure, at, end)
            kind, at = STRING, text_end
        elif tag in (16, 24):  # bool_value, int_value
            number, at = read_varint(memory.failure, at, end)
            kind = BOOL if tag == 16 else INT
            payload = _int(number != _ZERO) if tag == 16 else _int(number)
        elif tag == 33:  # double_value
            kind, payload = DOUBLE, _int(read_fixed64(memory.failure, at, end))
            at += 8
        else:
            if tag in (42, 50, 58):  # array_value, kvlist_value, bytes_value: no text, so not kept
                kind = NO_VALUE
            at = skip_field(memory.failure, tag, at, end)
    return kind, payload, text_begin, text_end


@njit(cache=True)
def _has_letter(at: int, end: int) -> bool:
    """Whether a text holds anything but digits, dots and colons, as IPv4 addresses with and without ports do."""
    while at < end:
        byte = load_byte(at)
        if byte != 46 and (byte < 48 or byte > 58):
            return True
        at += 1
    return False


@_inlined
def _attribute(memory: _Memory, at: int, end: int, words: int, scope: int) -> int:  # noqa: C901 - kernel: one pass
    """Append a KeyValue to the scratch words if its key is known in this scope; gives the number of words then."""
    key_begin, key_end, value_begin, value_end = at, at, at, at
    while at < end:
        tag, at = read_tag(memory.failure, at, end)
        if tag == 10:  # key
            key_begin, key_end = read_bounds(memory.failure, at, end)
            at = key_end
        elif tag == 18:  # value
            value_begin, value_end = read_bounds(memory.failure, at, end)
            at = value_end
        else:
            at = skip_field(memory.failure, tag, at, end)
    key = _find_key(memory, key_begin, key_end, scope)
    if key < 0:
        return words
    kind, payload, text_begin, text_end = _value(memory, value_begin, value_end)
    numbers_matter = not load_code(memory.key_rows + 16 * key + 4 * KEY_SCOPES) & NO_NUMBERS
    if kind == NO_VALUE or not (numbers_matter or kind != STRING or _has_letter(text_begin, text_end)):
        return words
    if kind == STRING:
        payload = intern(memory.tables, _int(TEXTS), text_begin, text_end - text_begin)
        if payload < 0:
            _want_room(memory, _int(TABLES_FULL))
    if words + 2 > memory.scratch_words:
        _want_room(memory, _int(SCRATCH_FULL))
    store_int(memory.scratch + 8 * words, key << TYPE_BITS | kind)
    store_int(memory.scratch + 8 * words + 8, payload)
    return words + 2


@_inlined
def _status_code(memory: _Memory, at: int, end: int, code: int) -> int:
    while at < end:
        tag, at = read_tag(memory.failure, at, end)
        if tag == 24:  # code
            value, at = read_varint(memory.failure, at, end)
            code = _int(value & _MASK_32)
        else:
            at = skip_field(memory.failure, tag, at, end)
    return code


@_inlined
def _fault(trace_id: np.uint64, span_id: np.uint64, start: np.uint64, end: np.uint64) -> int:
    """The place in REASONS of why a span cannot be used, or -1."""
    if trace_id == _ZERO:
        return 0
    if span_id == _ZERO:
        return 1
    if start == _ZERO or end == _ZERO:  # noqa: PLR1714 - numba has no tuples of these
        return 2
    if start < _EARLIEST or start >= _LATEST or end < _EARLIEST or end >= _LATEST:
        return 3
    return 4 if end < start else -1


@_inlined
def _span(memory: _Memory, at: int, end: int, resource: int) -> None:  # noqa: C901, PLR0912, PLR0915 - kernel: one pass
    high, low, span_id, parent_id, start, finish = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    name_begin, name_end, kind, status, words = at, at, _int(0), _int(0), _int(CONTEXT_HEAD)
    while at < end:
        tag, at = read_tag(memory.failure, at, end)
        if tag & 7 == 2:
            begin, at = read_bounds(memory.failure, at, end)
            if tag == 74:  # attributes
                words = _attribute(memory, begin, at, words, _int(SPAN_SCOPE))
            elif tag == 10:  # trace_id
                right = at - begin == 16
                high = load_word(begin) if right else _ZERO
                low = load_word(begin + 8) if right else _ZERO
            elif tag == 18:  # span_id
                span_id = load_word(begin) if at - begin == 8 else _ZERO
            elif tag == 34:  # parent_span_id
                parent_id = load_word(begin) if at - begin == 8 else _ZERO
            elif tag == 42:  # name
                name_begin, name_end = begin, at
            elif tag == 122:  # status
                status = _status_code(memory, begin, at, status)
        elif tag == 57:  # start_time_unix_nano
            start = read_fixed64(memory.failure, at, end)
            at += 8
        elif tag == 65:  # end_time_unix_nano
            finish = read_fixed64(memory.failure, at, end)
            at += 8
        elif tag == 48:  # kind
            value, at = read_varint(memory.failure, at, end)
            kind = _int(value & _MASK_32)
        else:
            at = skip_field(memory.failure, tag, at, end)
    fault = _fault(high | low, span_id, start, finish)
    if fault >= 0:
        cell = memory.state + 8 * (REJECTED + fault)
        store_int(cell, load_int(cell) + 1)
        return
    store_int(memory.scratch, resource)
    store_int(memory.scratch + 8, kind if kind <= 5 else 0)  # what a later version adds is UNSPECIFIED to us
    store_int(memory.scratch + 16, status if status <= 2 else 0)
    name = intern(memory.tables, _int(NAMES), name_begin, name_end - name_begin)
    context = intern(memory.tables, _int(CONTEXTS), memory.scratch, 8 * words)
    if name < 0 or context < 0:
        _want_room(memory, _int(TABLES_FULL))
    row = load_int(memory.state + 8 * SPANS)
    store_word(memory.trace_ids + 16 * row, high)
    store_word(memory.trace_ids + 16 * row + 8, low)
    store_word(memory.span_ids + 8 * row, span_id)
    store_word(memory.parent_span_ids + 8 * row, parent_id)
    store_word(memory.starts + 8 * row, start)
    store_word(memory.ends + 8 * row, finish)
    store_code(memory.names + 4 * row, np.int32(name))
    store_code(memory.contexts + 4 * row, np.int32(context))
    store_int(memory.state + 8 * SPANS, row + 1)


@_inlined
def _resource(memory: _Memory, at: int, end: int) -> int:
    """The code of the resource of a ResourceSpans. It may stand after the spans, so it is sought first."""
    words = _int(0)
    while at < end:
        tag, at = read_tag(memory.failure, at, end)
        if tag != 10:  # not resource
            at = skip_field(memory.failure, tag, at, end)
            continue
        inner, at = read_bounds(memory.failure, at, end)
        while inner < at:
            tag, inner = read_tag(memory.failure, inner, at)
            if tag == 10:  # attributes
                begin, inner = read_bounds(memory.failure, inner, at)
                words = _attribute(memory, begin, inner, words, _int(RESOURCE_SCOPE))
            else:
                inner = skip_field(memory.failure, tag, inner, at)
    code = intern(memory.tables, _int(RESOURCES), memory.scratch, 8 * words)
    if code < 0:
        _want_room(memory, _int(TABLES_FULL))
    return code


@_inlined
def _resource_spans(memory: _Memory, at: int, end: int) -> None:
    resource = _resource(memory, at, end)
    while at < end:
        tag, at = read_tag(memory.failure, at, end)
        if tag not in (18, 8002):  # scope_spans, or instrumentation_library_spans (1000, until 2022): laid out alike
            at = skip_field(memory.failure, tag, at, end)
            continue
        inner, at = read_bounds(memory.failure, at, end)
        while inner < at:
            tag, inner = read_tag(memory.failure, inner, at)
            if tag == 18:  # spans
                begin, inner = read_bounds(memory.failure, inner, at)
                _span(memory, begin, inner, resource)
            else:
                inner = skip_field(memory.failure, tag, inner, at)


@njit(cache=True)
def scan_messages(  # noqa: PLR0913, PLR0917 - kernel: arrays come one by one
    data: Bytes, bounds: Ints, state: Ints, scratch: Ints,
    key_heads: Codes, key_rows: Codes, key_pool: Bytes,
    slots: Codes, hashes: Words, string_ends: Ints, pools: Bytes, used: Ints,
    trace_ids: Words, span_ids: Words, times: Ints, codes: Codes,
) -> None:  # fmt: skip
    """Scan the messages of ``data`` at ``bounds`` (message, 2), each an ExportTraceServiceRequest or TracesData.

    Args:
        data: bytes.
        bounds: begin and end of each message, within ``data``.
        state: (STATE_CELLS,) zeros: counts, and why the scan stopped.
        scratch: room for the words of a context.
        key_heads: (KEY_BUCKETS,) see ``place_keys``.
        key_rows: (key, 4)
        key_pool: bytes of the keys.
        slots: and the four that follow: ``otlp_intern.Tables``.
        hashes: see slots.
        string_ends: see slots.
        pools: see slots.
        used: see slots.
        trace_ids: (span, 2) as they lie on the wire.
        span_ids: (2, span): span ids and parents', as they lie on the wire.
        times: (2, span): starts and ends.
        codes: (2, span): names and contexts.

    Raises:
        ValueError: the cell NO_ROOM says what must grow before the same messages are scanned again; if it is 0, the field
            at offset STOPPED_AT is malformed. The spans before it are in the columns.
    """
    rows = times.shape[1]
    memory = _Memory(
        _int(state.ctypes.data), _int(state.ctypes.data) + 8 * STOPPED_AT,
        _int(key_heads.ctypes.data), _int(key_rows.ctypes.data), _int(key_pool.ctypes.data),
        Places(
            _int(slots.ctypes.data), _int(hashes.ctypes.data), _int(string_ends.ctypes.data),
            _int(pools.ctypes.data), _int(used.ctypes.data),
            hashes.shape[1], pools.shape[1],
        ),
        _int(scratch.ctypes.data), scratch.size,
        _int(trace_ids.ctypes.data), _int(span_ids.ctypes.data), _int(span_ids.ctypes.data) + 8 * rows,
        _int(times.ctypes.data), _int(times.ctypes.data) + 8 * rows, _int(codes.ctypes.data), _int(codes.ctypes.data) + 4 * rows,
    )  # fmt: skip
    for message in range(bounds.shape[0]):
        at, end = _int(data.ctypes.data) + bounds[message, 0], _int(data.ctypes.data) + bounds[message, 1]
        while at < end:
            tag, at = read_tag(memory.failure, at, end)
            if tag == 10:  # resource_spans
                begin, at = read_bounds(memory.failure, at, end)
                _resource_spans(memory, begin, at)
            else:
                at = skip_field(memory.failure, tag, at, end)
