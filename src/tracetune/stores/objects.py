"""Named pieces of bytes in a directory: whole or not there, and of several writers one wins."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracetune.errors import InvalidInput, NotFound, Unavailable

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LOCK, _PART = ".lock", ".part"


def check_name(name: str) -> None:
    """Refuse what could lead elsewhere.

    Raises:
        InvalidInput: it is no name.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name", hint="use letters, digits, '.', '_' and '-', and not '.' first")


class Directory:
    """An ObjectStore in a directory, which is made when something is first written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str, *, most_bytes: int) -> bytes:
        """See the port."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                content = file.read(most_bytes + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"{path} is not there") from None
        except OSError as error:
            raise Unavailable(
                f"cannot read {path}: {error.strerror}", hint="look at the disk and at its rights"
            ) from None
        if len(content) > most_bytes:
            raise InvalidInput(f"{path} has more than {most_bytes:,} bytes", hint="it is nothing that tracetune wrote")
        return content

    def create(self, name: str, content: bytes) -> bool:
        """See the port."""
        with self._written(name, content) as (part, path):
            try:
                path.hardlink_to(part)  # fails where there is one already, unlike a rename
            except FileExistsError:
                return False
        _sync(path.parent)
        return True

    def swap(self, name: str, expected: bytes | None, content: bytes) -> bool:
        """See the port."""
        with self._written(name, content) as (part, path), self._locked():
            found = path.read_bytes() if path.is_file() else None
            if found != expected:
                return False
            part.replace(path)
        _sync(path.parent)
        return True

    def names(self, prefix: str) -> list[str]:
        """See the port."""
        folder = self._path(prefix)
        found = (path.relative_to(self._root).as_posix() for path in folder.rglob("*") if path.is_file())
        return sorted(name for name in found if _NAME.fullmatch(name))

    def _path(self, name: str) -> Path:
        check_name(name)
        return self._root / name

    @contextmanager
    def _written(self, name: str, content: bytes) -> Iterator[tuple[Path, Path]]:
        """The bytes on disk under a name that nobody reads, and the place they are meant for."""
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, part_name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_PART)
            part = Path(part_name)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                part.chmod(0o644)
                yield part, path
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(
                f"cannot write {path}: {error.strerror}", hint="name a directory with space that you may write to"
            ) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes on this machine that replace something here."""
        with (self._root / _LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _sync(folder: Path) -> None:
    """Have the disk keep the names in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
