"""Resident memory is told in bytes."""

from __future__ import annotations

import numpy as np

from tracetune.live.memory import resident_bytes


def test_memory_that_is_touched_counts() -> None:
    before = resident_bytes()

    held = np.ones(8 << 20)

    assert resident_bytes() - before > 48 << 20
    assert held.nbytes == 64 << 20
