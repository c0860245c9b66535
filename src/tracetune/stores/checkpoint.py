"""Keeps a state as one file that is whole or not there: tables, arrays and a document."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard
from numpy.typing import NDArray

from tracetune.errors import InvalidInput, Unavailable

_DOCUMENT, _TABLE, _ARRAY = "document.json", ".arrow", ".i64.zst"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A state: what JSON holds, Arrow tables, and arrays of whole numbers."""

    document: Mapping[str, Any]
    tables: Mapping[str, pa.Table]
    arrays: Mapping[str, NDArray[np.int64]]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Put a state in the place of the one before; a reader, also after a crash, finds one or the other.

    Raises:
        Unavailable: the disk is full or refuses; the state of before stays.
    """
    unfinished = path.with_suffix(".unfinished")
    try:
        with unfinished.open("wb") as file:
            _write(file, checkpoint)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise Unavailable(
            f"the state {path} cannot be written: {error.strerror}", hint="make room on its disk, or look at its rights"
        ) from error


def load(path: Path) -> Checkpoint | None:
    """The state that was saved last, or None.

    Raises:
        InvalidInput: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            tables = {
                name.removesuffix(_TABLE): pa.ipc.open_stream(archive.read(name)).read_all()
                for name in names
                if name.endswith(_TABLE)
            }
            arrays = {
                name.removesuffix(_ARRAY): np.frombuffer(zstandard.decompress(archive.read(name)), np.int64)
                for name in names
                if name.endswith(_ARRAY)
            }
            return Checkpoint(json.loads(archive.read(_DOCUMENT)), tables, arrays)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zstandard.ZstdError, pa.ArrowInvalid) as error:
        raise InvalidInput(
            f"the state {path} is damaged: {error}",
            hint="remove it to go on: the spans of the last minutes, which only it holds, are lost then",
        ) from error


def _write(file: io.BufferedWriter, checkpoint: Checkpoint) -> None:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with zipfile.ZipFile(file, "w") as archive:  # stored, not deflated: the parts are compressed; each has a checksum
        archive.writestr(_DOCUMENT, json.dumps(checkpoint.document))
        for name, table in checkpoint.tables.items():
            sink = io.BytesIO()
            with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
                stream.write_table(table)
            archive.writestr(name + _TABLE, sink.getvalue())
        for name, array in checkpoint.arrays.items():
            archive.writestr(name + _ARRAY, zstandard.compress(array.tobytes(), 1))
