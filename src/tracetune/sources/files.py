"""Finds files of spans and reads them, whatever their format, compression or packing."""

from __future__ import annotations

import glob
import io
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.errors import InvalidInput, NotFound
from tracetune.ports import SpanReader
from tracetune.sources.archives import members
from tracetune.sources.columns import BATCH_SPANS
from tracetune.sources.detect import detect
from tracetune.sources.streams import peek

STDIN = "-"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read."""

    path: str  # "-" is standard input
    size_bytes: int = 0  # 0 where it is not known: standard input, a pipe
    named: bool = True  # False where it was found in a folder or by a pattern, so that it may well be no traces


def find(patterns: Sequence[str]) -> list[InputFile]:
    """The files that are meant: a file's path, a folder (all files under it), a pattern with ``*``, or "-".

    Sorted within each pattern; a file that is meant twice is there once.

    Raises:
        NotFound: a pattern means no file.
    """
    found: dict[str, InputFile] = {}
    for pattern in patterns:
        files = list(_matching(pattern))
        if not files:
            raise NotFound(
                f"no file at {pattern}", hint="give a file, a folder, a quoted pattern such as 'traces/*.json', or -"
            )
        for file in files:
            key = file.path if file.path == STDIN else os.path.realpath(file.path)
            found.setdefault(key, file)
    return list(found.values())


def _matching(pattern: str) -> Iterator[InputFile]:
    if pattern == STDIN:
        yield InputFile(STDIN)
    elif os.path.isdir(pattern):  # noqa: PTH112 - a pattern is text first, and a path only if it exists
        yield from _under(pattern)
    elif os.path.exists(pattern):  # noqa: PTH110
        yield _input(pattern, named=True)
    else:
        for path in sorted(glob.glob(os.path.expanduser(pattern), recursive=True)):  # noqa: PTH111, PTH207
            yield from _under(path) if os.path.isdir(path) else (_input(path, named=False),)  # noqa: PTH112


def _under(folder: str) -> Iterator[InputFile]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)  # noqa: PTH118
            if os.path.isfile(path):  # noqa: PTH113
                yield _input(path, named=False)


def _input(path: str, *, named: bool) -> InputFile:
    return InputFile(path, os.stat(path).st_size, named)  # noqa: PTH116


class Reading:
    """The spans of one file, as an iterator of Decoded that can be asked how far it is.

    A file that cannot be read (further) raises InvalidInput, naming the file, the byte and what to do, after everything
    before it was given. Members of an archive fail alone: the others are read, and the first failure is raised last.
    """

    def __init__(self, file: InputFile, readers: Mapping[str, SpanReader]) -> None:
        self.file = file
        self.format = ""
        """The format being read; "" until it is known."""
        self._readers = readers
        self._counted = _Counted()

    @property
    def bytes_read(self) -> int:
        """Bytes of the file that were read so far, before decompression."""
        return self._counted.bytes_read

    @property
    def total_bytes(self) -> int:
        """Bytes of the file; 0 where it is not known."""
        return self.file.size_bytes

    def __iter__(self) -> Iterator[Decoded]:
        try:
            source = sys.stdin.buffer if self.file.path == STDIN else open(self.file.path, "rb")  # noqa: SIM115, PTH123 - closed below; a pipe has no Path
        except OSError as error:
            raise InvalidInput(
                f"{self.file.path}: {error.strerror}", hint="check the path and its permissions"
            ) from error
        try:
            self._counted.source = source
            yield from _gathered(self._members(io.BufferedReader(self._counted, 1 << 18)))
        except OSError as error:
            raise InvalidInput(
                f"{self.file.path}: {error.strerror or error}", hint="the disk or pipe failed"
            ) from error
        finally:
            if source is not sys.stdin.buffer:
                source.close()

    def _members(self, stream: BinaryIO) -> Iterator[Decoded]:
        name = "standard input" if self.file.path == STDIN else self.file.path
        read, failures = 0, []
        for member, content in members(stream, name, lambda: self._counted.bytes_read):
            read += 1
            try:
                yield from self._decoded(content)
            except InvalidInput as failure:
                message = failure.message if failure.message.startswith(name) else f"{member}: {failure.message}"
                failures.append(InvalidInput(message, hint=failure.hint))
        if failures and read > 1:
            raise InvalidInput(
                f"{failures[0].message} ({len(failures)} of {read:,} members failed)", hint=failures[0].hint
            )
        if failures:
            raise failures[0]
        if not read:
            raise InvalidInput(f"{name}: the archive holds no files", hint="pack the files of traces again")

    def _decoded(self, stream: BinaryIO) -> Iterator[Decoded]:
        head, stream = peek(stream)
        self.format = detect(head)
        reader = self._readers.get(self.format)
        if reader is None:
            raise InvalidInput(
                f"no reader of {self.format} here", hint=f"readable here: {', '.join(sorted(self._readers))}"
            )
        yield from reader.read(stream)


def read(file: InputFile, readers: Mapping[str, SpanReader]) -> Reading:
    """The spans of a file, with the reader of the format that its content has."""
    return Reading(file, readers)


def _gathered(parts: Iterator[Decoded]) -> Iterator[Decoded]:
    """The same spans in fewer, larger batches: an archive may hold thousands of files of one trace each."""
    held: list[Decoded] = []
    count = 0
    try:
        for part in parts:
            held.append(part)
            count += len(part.spans)
            if count >= BATCH_SPANS:
                yield _joined(held)
                held, count = [], 0
    except InvalidInput:
        if held:
            yield _joined(held)
        raise
    if held:
        yield _joined(held)


def _joined(parts: Sequence[Decoded]) -> Decoded:
    if len(parts) == 1:
        return parts[0]
    rejected: Counter[str] = Counter()
    for part in parts:
        rejected.update(part.rejected)
    return Decoded(SpanBatch.concat([part.spans for part in parts]), dict(rejected))


class _Counted(io.RawIOBase):
    """Counts what is read of a file."""

    def __init__(self) -> None:
        self.source: BinaryIO = io.BytesIO()
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]  # io hands over its own buffer
        part = self.source.read(len(target))
        target[: len(part)] = part
        self.bytes_read += len(part)
        return len(part)
