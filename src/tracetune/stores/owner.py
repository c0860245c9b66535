"""One owner for a directory: a lock that ends with its process and says who holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tracetune.errors import Conflict, InvalidSettings

_FILE_NAME = "owner"


class Owner:
    """Holds a directory for this process, from its making until ``release``.

    Raises:
        Conflict: Somebody else holds it, in this process or another.
        InvalidSettings: It cannot be made, or cannot be written to.
    """

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = (directory / _FILE_NAME).open("a+")
        except OSError as error:
            raise InvalidSettings(
                f"the store's directory {directory} cannot be used: {error.strerror}",
                hint="name a directory that you may write to",
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder, _, address = self._file.read().strip().partition(" ")
            self._file.close()
            serves = f", which serves {address}" if address else ""
            raise Conflict(
                f"the store in {directory} is in use by process {holder or 'unknown'}{serves}",
                hint=f"ask it by --url{' ' + address if address else ''}, stop it, or name another directory",
            ) from None
        self.say("")

    def say(self, address: str) -> None:
        """Tell whoever finds the directory in use where its owner can be asked; "" where it cannot."""
        self._file.truncate(0)
        self._file.write(f"{os.getpid()} {address}".rstrip() + "\n")
        self._file.flush()

    def release(self) -> None:
        """Let others have the directory."""
        self._file.close()
