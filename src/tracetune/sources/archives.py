"""Looks through compression and archives, told by their first bytes and never by their names."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import zstandard

from tracetune.errors import InvalidInput
from tracetune.sources.streams import peek

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_TAR_MAGIC = (257, b"ustar")  # POSIX.1-1988, "ustar Interchange Format"
_TAR_HEADER_BYTES = 512
_MOST_LAYERS = 4  # .tar.gz of .gz files are three; more is a bomb or a mistake
_WINDOW_BYTES = 128 << 20  # the most that zstd may ask for; its command line's own limit

_DAMAGES = (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile, tarfile.TarError)


def members(
    stream: BinaryIO, name: str, position: Callable[[], int], layers: int = 0
) -> Iterator[tuple[str, BinaryIO]]:
    """The plain files in a stream, each with its name, to be read before the next is asked for.

    Args:
        stream: a plain file, or one compressed by gzip or zstd, or a tar of such.
        name: what the stream is called; members of an archive are called ``archive: member``.
        position: the byte of the outermost file that was read last, for messages.
        layers: how many layers of packing are around the stream already.

    Raises:
        InvalidInput: an archive is damaged, also while a member is being read.
    """
    head, stream = peek(stream, _TAR_HEADER_BYTES)
    at, magic = _TAR_MAGIC
    if layers >= _MOST_LAYERS:
        raise InvalidInput(f"{name}: compressed or packed more than {_MOST_LAYERS} times over", hint="unpack it first")
    if head.startswith(_GZIP):
        yield from members(_guarded(gzip.GzipFile(fileobj=stream), name, position), name, position, layers + 1)
    elif head.startswith(_ZSTD):
        plain = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES).stream_reader(stream, read_across_frames=True)
        yield from members(_guarded(cast("BinaryIO", plain), name, position), name, position, layers + 1)
    elif head[at : at + len(magic)] == magic:
        yield from _unpacked(stream, name, position, layers + 1)
    else:
        yield name, stream


def _unpacked(stream: BinaryIO, name: str, position: Callable[[], int], layers: int) -> Iterator[tuple[str, BinaryIO]]:
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                content = archive.extractfile(member)
                if content is not None:
                    inner = f"{name}: {member.name}"
                    yield from members(_guarded(cast("BinaryIO", content), inner, position), inner, position, layers)
                archive.__dict__["members"].clear()  # it remembers every member, and there may be millions
    except _DAMAGES as error:
        raise _damaged(name, position(), error) from error


class _Guarded(io.RawIOBase):
    """A stream whose damage is reported as InvalidInput."""

    def __init__(self, stream: BinaryIO, name: str, position: Callable[[], int]) -> None:
        self._stream = stream
        self._name = name
        self._position = position

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]  # io hands over its own buffer
        try:
            part = self._stream.read(len(target))
        except _DAMAGES as error:
            raise _damaged(self._name, self._position(), error) from error
        target[: len(part)] = part
        return len(part)


def _guarded(stream: BinaryIO | gzip.GzipFile, name: str, position: Callable[[], int]) -> BinaryIO:
    return io.BufferedReader(_Guarded(cast("BinaryIO", stream), name, position), 1 << 18)


def _damaged(name: str, offset: int, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"{name}: the archive is damaged or cut near its byte {offset:,} ({error})",
        hint="what came before was used; fetch the file again for the rest",
    )
