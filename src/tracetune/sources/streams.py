"""What readers need around a stream: a look at its head, its end where it breaks, and the collector paused."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Generic, TypeVar

from tracetune.errors import InvalidInput

HEAD_BYTES = 1 << 18
"""How much of a stream is looked at to tell its format."""


def peek(stream: BinaryIO, size: int = HEAD_BYTES) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream, and a stream that still begins with them."""
    head = stream.read(size)
    return head, io.BufferedReader(_Rejoined(head, stream), size)


class _Rejoined(io.RawIOBase):
    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]  # io hands over its own buffer
        part = self._head[: len(target)] if self._head else memoryview(self._rest.read(len(target)))
        self._head = self._head[len(part) :]
        target[: len(part)] = part
        return len(part)


Item = TypeVar("Item")


class UntilBroken(Generic[Item]):
    """The items of a stream until it breaks; ``check`` then raises why, when what was read has been given away."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = items
        self._failure: InvalidInput | None = None

    def __iter__(self) -> Iterator[Item]:
        try:
            yield from self._items
        except InvalidInput as failure:
            self._failure = failure

    def check(self) -> None:
        """Raise what broke the stream, if something did."""
        if self._failure is not None:
            raise self._failure


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without garbage collections while many objects are made that form no cycles: decoding takes half the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
