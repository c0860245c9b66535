"""Minutes as Parquet files: one folder a write, whole or not there, for interchange and for training."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from tracetune.domain.minutes import EXEMPLARS, INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch
from tracetune.errors import InvalidInput
from tracetune.stores.owner import Owner

_TABLES = {"operations": OPERATIONS, "links": LINKS, "instances": INSTANCES, "paths": PATHS, "exemplars": EXEMPLARS}
_PART, _UNFINISHED = "part-", "unfinished-"


class ParquetMinutes:
    """A MinuteStore over a directory: ``part-000001/operations.parquet`` and so on, zstd-compressed.

    A write makes a folder of its own, syncs it to the disk and then gives it its name; whoever reads the directory sees
    whole parts only.

    Raises:
        Conflict: Another process writes there.
        InvalidSettings: The directory cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._owner = Owner(directory)
        for left_over in directory.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left_over)

    def write(self, minutes: MinuteBatch, *, write_id: str = "") -> None:
        """Add these minutes as one more part, named by the write's id if there is one."""
        parts = self._parts()
        number = max((int(part.name.removeprefix(_PART).partition(".")[0]) for part in parts), default=0) + 1
        suffix = f".{quote(write_id, safe='')}" if write_id else ""
        if suffix and any(part.name.endswith(suffix) for part in parts):
            return
        folder = self._directory / f"{_UNFINISHED}{number:06}"
        folder.mkdir()
        for name in _TABLES:
            path = folder / f"{name}.parquet"
            pq.write_table(getattr(minutes, name), path, compression="zstd")
            _sync(path)
        _sync(folder)
        folder.rename(self._directory / f"{_PART}{number:06}{suffix}")
        _sync(self._directory)

    def read(self, first_minute: int, last_minute: int) -> MinuteBatch:
        """The minutes in ``[first_minute, last_minute)`` of all parts, merged.

        Raises:
            InvalidInput: A file is not what was written.
        """
        return MinuteBatch.merge([_read_part(part, first_minute, last_minute) for part in self._parts()])

    def close(self) -> None:
        """Let others write to the directory."""
        self._owner.release()

    def _parts(self) -> list[Path]:
        return sorted(self._directory.glob(f"{_PART}[0-9]*"))


def _read_part(part: Path, first_minute: int, last_minute: int) -> MinuteBatch:
    during = [("minute", ">=", first_minute), ("minute", "<", last_minute)]
    tables = {}
    for name, schema in _TABLES.items():
        path = part / f"{name}.parquet"
        try:
            tables[name] = pq.read_table(path, filters=during, partitioning=None).cast(schema).combine_chunks()
        except (OSError, ValueError, pa.ArrowInvalid) as error:
            raise InvalidInput(
                f"{path} is not a table of minutes: {error}", hint=f"remove {part} and write its minutes again"
            ) from None
    return MinuteBatch(**tables)


def _sync(path: Path) -> None:
    """Have the disk keep what was written, and for a folder the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
