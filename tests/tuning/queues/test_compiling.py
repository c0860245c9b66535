"""Kernels give up the interpreter's lock, so that the live loop goes on while they run."""

from __future__ import annotations

from tracetune.tuning.queues.compiling import KERNEL, PART
from tracetune.tuning.queues.inversion import fcfs_begins


def test_kernels_are_cached_and_hold_no_lock() -> None:
    assert KERNEL["cache"]
    assert fcfs_begins.targetoptions["nogil"]
    assert PART["no_cpython_wrapper"]
