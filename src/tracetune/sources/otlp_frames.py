"""Cuts streams of OTLP protobuf into parts of bounded size that hold whole messages or whole fields.

A request is only a repeated field (``resource_spans``), so a file of one huge request is cut between these as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tracetune.errors import InvalidInput
from tracetune.sources.otlp_reference import (
    FIXED32,
    FIXED64,
    LENGTH_DELIMITED,
    VARINT,
    MalformedMessageError,
    read_varint,
)
from tracetune.sources.otlp_shape import signal_of

PART_BYTES = 8 << 20
"""Bytes scanned together: some 12,000 spans, and few enough parts that their fixed cost vanishes."""

MAX_MESSAGE_BYTES = 96 << 20
"""A longer message (or one longer ResourceSpans) is refused: it is held whole, up to three times while it is cut out."""

_PREFIX_BYTES = 4  # big-endian, as the Collector's file exporter writes (fileexporter, README, "format: proto")
_MOST_VARINT_BYTES = 10
_HEAD_BYTES = 1 << 12

CUT_HINT = "the data seem cut or damaged there; everything before that byte was used: export them again for the rest"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stream: its bytes, begin and end of each message in them, and where in the stream they begin."""

    data: bytes
    bounds: list[tuple[int, int]]
    offset: int


class NotWholeError(Exception):
    """More bytes are needed; the argument is how many from the begin of the item, as far as is known."""


def field_parts(stream: BinaryIO) -> Iterator[Part]:
    """Parts of one message, each of whole fields; the last one also holds what is cut or no field."""
    pending = _Pending(stream)
    while pending.fill():
        end = 0
        try:
            while end < len(pending.data):
                end = _field_end(pending.data, end)
        except NotWholeError as need:
            if not pending.wants(end, need.args[0]):
                end = len(pending.data)
        except MalformedMessageError:
            end = len(pending.data)
        if end:
            yield pending.take(end, [(0, end)])


def delimited_parts(stream: BinaryIO) -> Iterator[Part]:
    """Parts of a stream of messages, each behind its length: a varint, or four bytes as the Collector writes.

    Raises:
        InvalidInput: the stream ends inside a message, or where a length should be there is none; raised after the whole
            messages before it were given.
    """
    pending = _Pending(stream)
    frame: Callable[[bytes, int], tuple[int, int]] | None = None
    while pending.fill():
        frame = frame or _framing(pending.data)
        end, bounds, failure = 0, [], ""
        try:
            while end < len(pending.data):
                bounds.append(frame(pending.data, end))
                end = bounds[-1][1]
        except NotWholeError as need:
            if not pending.wants(end, need.args[0]):
                failure = "the file ends inside the message that begins there"
        except MalformedMessageError:
            failure = "no length of a message stands there"
        at = pending.offset + end
        if end:
            yield pending.take(end, bounds)
        if failure:
            raise InvalidInput(f"byte {at:,}: {failure}", hint=CUT_HINT)


class _Pending:
    """The bytes of a stream that were read and not yet taken."""

    def __init__(self, stream: BinaryIO) -> None:
        self.data = b""
        self.offset = 0
        self._stream = stream
        self._wanted = PART_BYTES
        self._ended = False

    def fill(self) -> bool:
        """Read until as many bytes are there as are wanted, or all; false if none are left."""
        pieces, size = [self.data], len(self.data)
        while size < self._wanted and not self._ended:
            piece = self._stream.read(self._wanted - size)
            self._ended = not piece
            pieces.append(piece)
            size += len(piece)
        self.data = b"".join(pieces)
        self._wanted = PART_BYTES
        return bool(self.data)

    def wants(self, begin: int, size: int) -> bool:
        """Ask for the item at ``begin`` to be whole next time; false if the stream has ended before."""
        if size > MAX_MESSAGE_BYTES:
            raise InvalidInput(
                f"the message at byte {self.offset + begin:,} is said to have {size:,} bytes, more than {MAX_MESSAGE_BYTES:,}",
                hint="export smaller batches (the Collector's batch processor: send_batch_max_size), or the file is damaged",
            )
        self._wanted = max(PART_BYTES, size)
        return not self._ended

    def take(self, end: int, bounds: list[tuple[int, int]]) -> Part:
        """The bytes before ``end``, which are then no longer pending."""
        part = Part(self.data[:end], bounds, self.offset)
        self.data = self.data[end:]
        self.offset += end
        return part


def _framing(head: bytes) -> Callable[[bytes, int], tuple[int, int]]:
    """Four bytes where they give a length that can be held, a message begins after them, and none does after a varint."""
    size = int.from_bytes(head[:_PREFIX_BYTES], "big")
    if not 0 < size <= MAX_MESSAGE_BYTES or not _is_request(head, _PREFIX_BYTES, size):
        return _varint_frame
    try:
        varint_size, begin = read_varint(memoryview(head), 0)
    except MalformedMessageError:
        return _prefixed_frame
    return _varint_frame if varint_size and _is_request(head, begin, varint_size) else _prefixed_frame


def _is_request(head: bytes, begin: int, size: int) -> bool:
    return signal_of(head[begin : begin + min(size, _HEAD_BYTES)]) is not None


def _prefixed_frame(data: bytes, at: int) -> tuple[int, int]:
    begin = at + _PREFIX_BYTES
    size = int.from_bytes(data[at:begin], "big") if begin <= len(data) else 0
    return begin, _whole(data, at, begin, size)


def _varint_frame(data: bytes, at: int) -> tuple[int, int]:
    size, begin = _varint(data, at, at)
    return begin, _whole(data, at, begin, size)


def _field_end(data: bytes, at: int) -> int:
    tag, after = _varint(data, at, at)
    wire_type = tag & 7
    if wire_type == LENGTH_DELIMITED:
        size, after = _varint(data, after, at)
        return _whole(data, at, after, size)
    if wire_type == VARINT:
        return _varint(data, after, at)[1]
    if wire_type not in (FIXED64, FIXED32):
        raise MalformedMessageError(f"wire type {wire_type}")
    return _whole(data, at, after, 8 if wire_type == FIXED64 else 4)


def _varint(data: bytes, at: int, item: int) -> tuple[int, int]:
    try:
        return read_varint(memoryview(data), at)
    except MalformedMessageError:
        if len(data) - at < _MOST_VARINT_BYTES:
            raise NotWholeError(len(data) - item + 1) from None
        raise


def _whole(data: bytes, item: int, begin: int, size: int) -> int:
    if begin + size > len(data):
        raise NotWholeError(begin - item + size)
    return begin + size
