"""A recording on disk: raw spans, truth, the generator's view and a manifest, whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import zstandard

from tracetune_lab.errors import InvalidRecordingError
from tracetune_lab.faults import Truth
from tracetune_lab.load import LoadReport
from tracetune_lab.plan import Export

FORMAT_VERSION = 1
MANIFEST, TRUTH, LOAD = "manifest.json", "truth.json", "load.json.zst"
OTLP, ZIPKIN = "spans.otlp.zst", "spans.zipkin.jsonl.zst"
CLOSING_LEVEL = 19
# 16 MiB of history lets a batch refer to ids seen by other Envoys seconds earlier; any zstd reads it.
WINDOW_LOG = 24


class Manifest(msgspec.Struct, frozen=True):
    """What a recording is and what made it; `sha256` of each other file proves that it is whole."""

    format_version: int
    scenario: dict[str, Any]
    topology: dict[str, Any]
    started_unix_nano: int
    load_started_unix_nano: int
    ended_unix_nano: int
    compressed: str
    requests_sent: int
    requests_answered: int
    spans_received: int
    spans_lost_by_fault: int
    spans_sent_by_envoy: int
    requests_seen_by_envoy: dict[str, int]
    versions: dict[str, str]
    machine: dict[str, str]
    sha256: dict[str, str] = {}


class Recorder:
    """Writes a recording beside its final place and moves it there only when all of it is written."""

    def __init__(self, place: Path, export: Export, level: int = CLOSING_LEVEL) -> None:
        """Start in a hidden directory next to `place`, which appears on `finish` only; `level` is zstd's."""
        self._place = place
        self._level = level
        self._work = place.parent / f".{place.name}.partial-{os.getpid()}"
        self._zipkin = export == "zipkin"
        self._work.mkdir(parents=True)
        self._raw = self._work / "spans.raw"
        self._file = self._raw.open("wb")

    def __enter__(self) -> Self:
        """Give the recorder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was written, unless it was finished."""
        self._file.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def keep(self, payload: bytes) -> None:
        """Append one payload as it was received."""
        if self._zipkin:
            self._file.write(payload + b"\n")
        else:
            self._file.write(varint(len(payload)) + payload)

    def finish(self, manifest: Manifest, truths: list[Truth], load: LoadReport) -> None:
        """Compress, seal with digests, and move the whole to its place."""
        self._file.close()
        name = ZIPKIN if self._zipkin else OTLP
        _compress(self._raw, self._work / name, self._level)
        self._raw.unlink()
        (self._work / TRUTH).write_bytes(_pretty({"faults": truths}))
        packed = zstandard.ZstdCompressor(level=CLOSING_LEVEL).compress(msgspec.json.encode(load))
        (self._work / LOAD).write_bytes(packed)
        digests = {file: _digest(self._work / file) for file in (name, TRUTH, LOAD)}
        sealed = msgspec.structs.replace(manifest, sha256=digests)
        (self._work / MANIFEST).write_bytes(_pretty(sealed))
        for file in self._work.iterdir():
            _sync(file)
        if self._place.exists():
            shutil.rmtree(self._place)
        self._work.rename(self._place)
        _sync(self._place.parent)


class Recording:
    """A whole recording, opened for reading."""

    def __init__(self, place: Path) -> None:
        """Open and check a recording.

        Raises:
            InvalidRecordingError: a file is missing, cut short or changed.
        """
        self.place = place
        if not (place / MANIFEST).is_file():
            raise InvalidRecordingError(f"{place} has no {MANIFEST}; give a directory made by `tracetune-lab record`")
        try:
            self.manifest = msgspec.json.decode((place / MANIFEST).read_bytes(), type=Manifest)
        except msgspec.MsgspecError as error:
            raise InvalidRecordingError(f"{place / MANIFEST}: {error}") from error
        for file, digest in self.manifest.sha256.items():
            if not (place / file).is_file() or _digest(place / file) != digest:
                raise InvalidRecordingError(f"{place / file} is missing or not what was recorded; record it again")

    def truths(self) -> list[Truth]:
        """The truth of each fault."""
        return msgspec.json.decode((self.place / TRUTH).read_bytes(), type=dict[str, list[Truth]])["faults"]

    def load(self) -> LoadReport:
        """The generator's own view."""
        packed = (self.place / LOAD).read_bytes()
        return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(packed), type=LoadReport)

    def is_zipkin(self) -> bool:
        """Whether the spans are Zipkin v2 JSON, not OTLP."""
        return ZIPKIN in self.manifest.sha256

    def payloads(self) -> Iterator[bytes]:
        """The payloads as they were received, in order."""
        with (self.place / (ZIPKIN if self.is_zipkin() else OTLP)).open("rb") as file:
            raw = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).readall()
        if self.is_zipkin():
            yield from raw.splitlines()
            return
        at = 0
        while at < len(raw):
            size, at = read_varint(raw, at)
            yield raw[at : at + size]
            at += size


def varint(value: int) -> bytes:
    """A non-negative number in protobuf's base-128 form (Protocol Buffers encoding, "Base 128 Varints")."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _compress(source: Path, target: Path, level: int) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, window_log=WINDOW_LOG, enable_ldm=True, write_checksum=True
    )
    with source.open("rb") as raw, target.open("wb") as packed:
        zstandard.ZstdCompressor(compression_params=parameters).copy_stream(raw, packed, size=source.stat().st_size)


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
