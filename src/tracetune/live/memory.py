"""How much memory the process takes, and what keeps that flat over months: what is free is given back."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not say."""
    try:
        return int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def share_allocator() -> None:
    """Have Arrow take memory from the C library, as numpy and Python do. For a process that runs for long.

    Arrow's own allocator, mimalloc, keeps what is freed with the thread that had taken it, and ``release_unused`` reaches only
    the thread that calls it: it came to hold 84 MiB for tables of 10 (`benchmarks/bench_growth.py 40 240 plain`).
    """
    pa.set_memory_pool(pa.system_memory_pool())


def give_back() -> None:
    """Have the system take back the memory that is free in this process, of all threads.

    The C library has a heap for each few threads and keeps what is freed amid blocks in use: the tables of a minute, freed by
    another thread than had made them, leave holes that those of the next do not fit (`benchmarks/bench_growth.py`).
    """
    pa.default_memory_pool().release_unused()
    if _malloc_trim is not None:
        _malloc_trim(0)


def _found_malloc_trim() -> Callable[[int], int] | None:
    """Of glibc; other C libraries have none. Arrow's ``release_unused`` of the system's pool does not call it."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


_malloc_trim = _found_malloc_trim()
