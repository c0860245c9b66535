"""Reserves a block of loopback ports for one lab, so that labs can run side by side."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

from tracetune_lab.errors import PortsBusyError

# Below Linux's default ephemeral range (32768 on), so that no client connection takes one of ours.
FIRST_PORT = 20000
BLOCK_SIZE = 300
BLOCKS = 40


class PortBlock:
    """Consecutive ports, handed out one by one and held by a file lock until `release`."""

    def __init__(self, first: int, lock: IO[str]) -> None:
        """Take over a block whose lock is already held."""
        self._next = first
        self._end = first + BLOCK_SIZE
        self._lock = lock

    def take(self) -> int:
        """The next port of the block that nobody listens on.

        Raises:
            PortsBusyError: the block is used up.
        """
        while self._next < self._end:
            port = self._next
            self._next += 1
            if _is_free(port):
                return port
        raise PortsBusyError(f"all {BLOCK_SIZE} ports up to {self._end} are used; use fewer replicas")

    def release(self) -> None:
        """Let another lab have the block."""
        self._lock.close()


def reserve() -> PortBlock:
    """Reserve the first block that no other lab of this user holds.

    Raises:
        PortsBusyError: every block is held.
    """
    folder = Path(tempfile.gettempdir()) / f"tracetune-lab-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for block in range(BLOCKS):
        lock = (folder / str(block)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return PortBlock(FIRST_PORT + block * BLOCK_SIZE, lock)
    raise PortsBusyError(f"all {BLOCKS} blocks of ports are held by other labs (locks in {folder}); stop one of them")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
