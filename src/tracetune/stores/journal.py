"""A write-ahead log: records that are on disk before their senders are told so, and are read again after a crash.

A record is ``TTJ1``, the length of its data (4 bytes), their CRC-32 (4), a kind (1) and the data; numbers are little-endian.
Segments are files named by the number of their first byte in the whole log, so a position is one number that only grows.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tracetune.errors import Unavailable

SEGMENT_BYTES = 64 << 20
"""A segment that is longer is followed by a new one: what is no longer needed goes by whole segments."""

_MAGIC = b"TTJ1"
_HEAD = struct.Struct("<4sIIB")
_SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its kind (0-255), its data, and the position after it."""

    kind: int
    data: bytes
    end: int


@dataclass(slots=True)
class Damage:
    """What could not be read: bytes in the midst of the log, and bytes at its end that were being written at a crash."""

    lost_bytes: int = 0
    torn_bytes: int = 0
    files: list[str] = field(default_factory=list)


class Journal:
    """The log in one directory, which the caller owns. For one thread at a time.

    ``replay`` once, to its end, before the first ``append``: it finds the end of what is whole. A record that was not
    wholly written when the process died is cut off; it was never acknowledged. Where a disk damaged what stands before, the
    next record that is whole is looked for, the damaged file is left beside as ``….damaged``, and ``damage`` says how much
    was lost.
    """

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._file = -1
        self._begin = 0  # position of the open segment
        self.end = 0
        self.damage = Damage()

    @property
    def size_bytes(self) -> int:
        """Bytes that the log takes on the disk."""
        starts = self._starts()
        return self.end - starts[0] if starts else 0

    def replay(self, position: int = 0) -> Iterator[Record]:
        """The records from a position on; iterate to the end."""
        starts = self._starts()
        self.end = max(starts, default=position)
        for number, start in enumerate(starts):
            is_last = number == len(starts) - 1
            after = start + self._path(start).stat().st_size if is_last else starts[number + 1]
            if after > position or is_last:
                yield from self._replay_segment(start, position, is_last=is_last)
        self.end = max(self.end, position)

    def append(self, records: Sequence[tuple[int, bytes]]) -> int:
        """Write records behind each other, and return the position after them once they are on the disk.

        Raises:
            Unavailable: the disk is full or refuses; none of these records is in the log.
        """
        pieces: list[bytes] = []
        for kind, data in records:
            pieces += (_HEAD.pack(_MAGIC, len(data), zlib.crc32(data, kind), kind), data)
        try:
            self._make_room()
            size = _write(self._file, pieces)
            os.fdatasync(self._file)
        except OSError as error:
            self._cut_back()
            raise Unavailable(
                f"the journal in {self._directory} cannot be written: {error.strerror}",
                hint="make room on its disk, or look at the directory's rights; senders are told to send again",
            ) from error
        self.end += size
        return self.end

    def forget(self, position: int) -> None:
        """Delete the segments that lie wholly before a position."""
        starts = self._starts()
        for start, following in pairwise(starts):
            if following <= position:
                self._path(start).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the open segment."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _make_room(self) -> None:
        if self._file >= 0 and self.end - self._begin < self._segment_bytes:
            return
        self.close()
        path = self._path(self.end)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._begin = self.end
        _sync_directory(self._directory)

    def _cut_back(self) -> None:
        """Take back a write that failed half-way; a disk that is full still lets a file be cut."""
        if self._file >= 0:
            os.ftruncate(self._file, self.end - self._begin)

    def _replay_segment(self, start: int, position: int, *, is_last: bool) -> Iterator[Record]:
        path = self._path(start)
        data = path.read_bytes()
        at = max(0, position - start)
        is_damaged = False
        while at < len(data):
            record = _record_at(data, at, start)
            if record is None:
                found = _next_record(data, at)
                if found < 0 and is_last:
                    self.damage.torn_bytes += len(data) - at
                    os.truncate(path, at)
                    break
                is_damaged = True
                self.damage.lost_bytes += (found if found >= 0 else len(data)) - at
                at = found if found >= 0 else len(data)
                continue
            yield record
            at = record.end - start
        self.end = max(self.end, start + at)
        if is_damaged:
            copy = path.with_suffix(".damaged")
            copy.write_bytes(data)
            self.damage.files.append(str(copy))

    def _starts(self) -> list[int]:
        return sorted(int(path.stem) for path in self._directory.glob(f"*{_SUFFIX}"))

    def _path(self, start: int) -> Path:
        return self._directory / f"{start:020}{_SUFFIX}"


def _record_at(data: bytes, at: int, start: int) -> Record | None:
    if at + _HEAD.size > len(data):
        return None
    magic, size, check, kind = _HEAD.unpack_from(data, at)
    begin = at + _HEAD.size
    if magic != _MAGIC or begin + size > len(data):
        return None
    payload = data[begin : begin + size]
    return Record(kind, payload, start + begin + size) if zlib.crc32(payload, kind) == check else None


def _next_record(data: bytes, at: int) -> int:
    """Where the next whole record begins, or -1."""
    at = data.find(_MAGIC, at + 1)
    while at >= 0 and _record_at(data, at, 0) is None:
        at = data.find(_MAGIC, at + 1)
    return at


def _write(file: int, pieces: Sequence[bytes]) -> int:
    """Write all of it, however little the system takes at once; return how many bytes that were."""
    size = sum(map(len, pieces))
    if len(pieces) <= _MOST_PIECES:
        written = os.writev(file, pieces)
        if written == size:
            return size
        rest = memoryview(b"".join(pieces))[written:]
    else:
        rest = memoryview(b"".join(pieces))
    while rest:
        rest = rest[os.write(file, rest) :]
    return size


_MOST_PIECES = 512  # of one writev; Linux takes 1,024


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
