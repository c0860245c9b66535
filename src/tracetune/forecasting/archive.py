"""Arrays and JSON in one zip file: nothing in it can run, and every size is checked before it is read."""

from __future__ import annotations

import glob
import io
import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracetune.errors import InvalidInput

_METADATA = "metadata.json"
_DTYPES = (np.dtype("<f4"), np.dtype("<f8"), np.dtype("<i8"))
_MOST_AXES = 3

Arrays = dict[str, NDArray[Any]]


def write(path: Path, metadata: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the file; a reader sees the old one or the whole new one, and what is written survives a crash."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open(_METADATA, "w") as member:  # writestr would note the time: equal contents, equal files
                member.write(json.dumps(metadata, allow_nan=False).encode())
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asarray(values, order="C"), version=(1, 0), allow_pickle=False)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def clear(path: Path) -> None:
    """Remove the beginnings of this file that processes left which were killed while they wrote it."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        left.unlink(missing_ok=True)


def read(path: Path, *, most_bytes: int, what: str, hint: str) -> tuple[dict[str, Any], Arrays]:
    """The metadata and every array; a file from a stranger can be wrong, but it cannot run anything or take much memory.

    Args:
        path: of a file that ``write`` wrote, or of anything else.
        most_bytes: it may unpack to.
        what: it should hold, for the message, as "a trained model".
        hint: what to do where it does not.

    Raises:
        InvalidInput: where it is no such file, with what is wrong.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(archive, most_bytes)
            metadata = json.loads(archive.read(_METADATA))
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            arrays = {name.removesuffix(".npy"): _array(archive.read(name), name) for name in names}
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} holds no {what}: {error}", hint=hint) from error
    if not isinstance(metadata, dict):
        raise InvalidInput(f"{path} holds no {what}: its metadata are no object", hint=hint)
    return metadata, arrays


def _check_size(archive: zipfile.ZipFile, most_bytes: int) -> None:
    size = sum(each.file_size for each in archive.infolist())
    if size > most_bytes:
        raise ValueError(f"it unpacks to {size:,} bytes, more than {most_bytes:,}")


def _array(content: bytes, name: str) -> NDArray[Any]:
    """The array, after its header is seen to promise no more than is there; numpy's own reader allocates before it looks."""
    member = io.BytesIO(content)
    if np.lib.format.read_magic(member) != (1, 0):
        raise ValueError(f"{name} has an unknown header")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype not in _DTYPES or fortran or len(shape) > _MOST_AXES:
        raise ValueError(f"{name} is {dtype} of {len(shape)} axes, not numbers of at most {_MOST_AXES}")
    values = member.read()
    if math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} promises {shape} values and holds {len(values):,} bytes")
    return np.frombuffer(values, dtype).reshape(shape)
