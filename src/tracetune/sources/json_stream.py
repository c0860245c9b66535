"""Splits a JSON document of any size into the objects of one level, without decoding it and in bounded memory.

Only quotes and braces are looked at, by whole-array operations: strings are told from structure by the parity of
unescaped quotes (a prefix xor over words of 64 bits), then the depth is a running sum over the few braces outside strings.
Whether an object is good JSON is for its decoder to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tracetune.errors import InvalidInput
from tracetune.sources.json_keys import last_key

CHUNK_BYTES = 1 << 19
"""Bytes looked at together: their masks still fit in the processor's cache (twice as quick as 4 MiB here)."""

MAX_OBJECT_BYTES = 256 << 20
"""An object that is longer is refused: it must be held whole to be decoded, and memory is to stay below 500 MiB."""

_QUOTE, _BACKSLASH, _OPEN, _CLOSE = b'"\\{}'
_SEPARATORS = b" \t\r\n,[]\x1e"  # between documents; 1E begins a record of a JSON text sequence (RFC 7464)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class JsonObject:
    """One object of the stream: its bytes, where they begin, and the key it stood under ("" at the top)."""

    raw: memoryview
    offset: int
    key: str


def split(stream: BinaryIO, keys: Collection[str] = (), *, level: int = 1) -> Iterator[JsonObject]:
    """The objects of a stream of JSON, in its order.

    Args:
        stream: one document, or several after each other or one a line.
        keys: with keys, the objects in the arrays (or the object) under these keys of each top-level object; without, the
            top-level objects themselves, also those in a top-level array.
        level: how many objects are around the wanted ones, where keys are given: 2 finds ``{"hits": {"hits": [{…}]}}``.

    Raises:
        InvalidInput: the stream ends inside an object, is no JSON between objects, or an object is over MAX_OBJECT_BYTES;
            raised after all whole objects before it.
    """
    splitter = _Splitter(frozenset(keys), level if keys else 0)
    while chunk := stream.read(CHUNK_BYTES):
        yield from splitter.feed(chunk)
    splitter.finish()


class _Splitter:
    def __init__(self, keys: frozenset[str], level: int) -> None:
        self._keys = keys
        self._level = level
        self._structure = _Structure()
        self._depth = 0
        self._held = bytearray()  # from the last whole object on: the object being read, or the text before it
        self._held_offset = 0
        self._key = ""
        self._opened = -1  # where in _held the current object begins; -1 between objects
        self._skipping = False  # inside an object under a key that nobody asked for

    def feed(self, chunk: bytes) -> Iterator[JsonObject]:
        base = len(self._held)
        self._held += chunk
        used = 0  # how much of _held is done with
        failure = -1
        for position, opens, depth in self._events(chunk):
            at = base + position
            if depth < 0:
                failure = at
                break
            if opens and depth == self._level + 1:
                self._open(used, at)
            elif opens:  # an object around the wanted level: its keys begin
                used, self._key = at + 1, ""
            elif depth == self._level:
                if not self._skipping:
                    yield JsonObject(
                        memoryview(self._held)[self._opened : at + 1], self._held_offset + self._opened, self._key
                    )
                self._opened, self._skipping, used = -1, False, at + 1
        if failure >= 0:
            raise _broken(self._held_offset + failure, "has a '}' that closes nothing")
        self._keep(used)

    def finish(self) -> None:
        if self._opened >= 0 and not self._skipping:
            raise _broken(self._held_offset + self._opened, "ends inside the object that begins there")
        end = self._held_offset + len(self._held)
        if self._depth or self._structure.inside_string:
            raise _broken(end, "ends before its document is closed")
        if not self._level:
            self._check_separators(self._held, self._held_offset)

    def _events(self, chunk: bytes) -> Iterator[tuple[int, bool, int]]:
        """Where in the chunk the wanted level, or one around it, is entered or left; the depth after it."""
        positions, steps = self._structure.feed(np.frombuffer(chunk, np.uint8))
        depths = self._depth + np.cumsum(steps)
        if len(depths):
            self._depth = int(depths[-1])
        opens = steps > 0
        wanted = np.flatnonzero(np.where(opens, depths <= self._level + 1, depths <= self._level))
        yield from zip(positions[wanted].tolist(), opens[wanted].tolist(), depths[wanted].tolist(), strict=True)

    def _open(self, used: int, at: int) -> None:
        self._opened = at
        before = bytes(self._held[used:at])
        if not self._level:
            self._check_separators(before, self._held_offset + used)
            return
        if before != b",":
            key = last_key(before)
            self._key = self._key if key is None else key
        self._skipping = self._key not in self._keys

    def _keep(self, used: int) -> None:
        """Forget what is done with; a new buffer, because objects that were given away still look into the old one."""
        if self._skipping:
            used = len(self._held)
        if used:
            self._held = self._held[used:]
            self._held_offset += used
            self._opened = max(self._opened - used, -1) if self._opened >= used else (0 if self._skipping else -1)
        if len(self._held) > MAX_OBJECT_BYTES:
            raise InvalidInput(
                f"the object at byte {self._held_offset:,} is longer than {MAX_OBJECT_BYTES >> 20} MiB",
                hint="export fewer spans at once: one trace, or one batch of spans, must fit in memory",
            )

    def _check_separators(self, text: bytes | bytearray, offset: int) -> None:
        if offset == 0 and text.startswith(_BYTE_ORDER_MARK):
            text, offset = text[3:], 3
        rest = text.lstrip(_SEPARATORS)
        if rest:
            raise _broken(offset + len(text) - len(rest), f"is no JSON object there but {bytes(rest[:20])!r}")


class _Structure:
    """Finds the braces outside strings, chunk by chunk."""

    def __init__(self) -> None:
        self.inside_string = False
        self._escaped = False  # the next chunk's first byte is escaped by this chunk's last

    def feed(self, text: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of braces outside strings, and +1 or -1 for each."""
        quotes = text == _QUOTE
        self._unquote_escaped(text, quotes)
        braces = (text == _OPEN) | (text == _CLOSE)
        outside = np.packbits(braces, bitorder="little")
        outside &= ~self._strings(quotes)[: len(outside)]
        positions = np.flatnonzero(np.unpackbits(outside, count=len(text), bitorder="little").view(np.bool_))
        return positions, np.where(text[positions] == _OPEN, 1, -1)

    def _unquote_escaped(self, text: NDArray[np.uint8], quotes: NDArray[np.bool_]) -> None:
        skip = int(self._escaped)
        quotes[:skip] = False
        self._escaped = False
        slashes = np.flatnonzero(text[skip:] == _BACKSLASH) + skip
        if not len(slashes):
            return
        # The byte after a run of backslashes is escaped where the run is odd.
        breaks = np.flatnonzero(np.diff(slashes) != 1)
        first = slashes[np.concatenate([[0], breaks + 1])]
        after = slashes[np.concatenate([breaks, [len(slashes) - 1]])] + 1
        escaped = after[(after - first) % 2 == 1]
        self._escaped = bool(len(escaped) and escaped[-1] == len(text))
        quotes[escaped[: len(escaped) - self._escaped]] = False

    def _strings(self, quotes: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Bits that are 1 inside strings: the parity of the quotes up to each byte."""
        packed = np.packbits(quotes, bitorder="little")
        padded = np.zeros((len(packed) + 7) // 8 * 8, np.uint8)
        padded[: len(packed)] = packed
        words = padded.view("<u8")
        for shift in (1, 2, 4, 8, 16, 32):
            words ^= words << np.uint64(shift)
        parity = np.bitwise_xor.accumulate(words >> np.uint64(63))  # (word,) at the end of each word
        before = np.concatenate([[np.uint64(self.inside_string)], parity[:-1] ^ np.uint64(self.inside_string)])
        words ^= np.uint64(0) - before
        self.inside_string = bool(int(parity[-1]) ^ self.inside_string)
        return padded


def _broken(offset: int, what: str) -> InvalidInput:
    return InvalidInput(
        f"byte {offset:,}: the JSON {what}",
        hint="the file seems cut or damaged there; everything before that byte was used: export it again for the rest",
    )
