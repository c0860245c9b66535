"""Memory is told in bytes, and what is free in the process goes back to the system at the end of each minute."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.live.parts import FIRST_MINUTE, running

from tracetune import pipeline
from tracetune.live.memory import give_back, resident_bytes

_BLOCKS, _BLOCK_BYTES = 24_000, 4_000  # 92 MiB, of a size that the C library cuts out of its heaps
_HALF = _BLOCKS * _BLOCK_BYTES // 2

glibc = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is resident, and has malloc_trim")


@glibc
def test_memory_that_is_touched_counts() -> None:
    before = resident_bytes()

    held = np.ones(8 << 20)

    assert resident_bytes() - before > 48 << 20
    assert held.nbytes == 64 << 20


@contextmanager
def holes() -> Iterator[None]:
    """Memory that another thread took and this one freed, between blocks that stay: the C library cannot give it back itself."""
    made: list[np.ndarray] = []
    thread = threading.Thread(
        target=lambda: made.extend(np.ones(_BLOCK_BYTES, np.uint8) for _ in range(_BLOCKS)), name="maker"
    )
    thread.start()
    thread.join()
    kept = made[:: _BLOCKS // 40]
    made.clear()
    yield
    assert len(kept) == 40


@glibc
def test_free_memory_between_blocks_in_use_goes_back_to_the_system() -> None:
    with holes():
        before = resident_bytes()
        give_back()
        after = resident_bytes()

    assert before - after > _HALF


@glibc
@pytest.mark.parametrize("fails", [False, True], ids=["judged", "failed"])
def test_free_memory_goes_back_at_the_end_of_each_minute(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as server:
        analyst = server._analyst
        assert analyst is not None
        analyst.judge(FIRST_MINUTE)  # what is loaded at the first time, is
        if fails:
            monkeypatch.setattr(pipeline, "detect", None)
        with holes():
            before = resident_bytes()
            analyst.judge(FIRST_MINUTE + 1)
            after = resident_bytes()

    assert before - after > _HALF


_RUN = """
import os, signal, sys
from pathlib import Path

import pyarrow as pa
from tests.live.parts import settings
from tracetune.live.run import run
from tracetune.live.server import Server

def ready(_ports):
    print(pa.default_memory_pool().backend_name, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

run(Server(settings(Path(sys.argv[1]))), None, ready)
"""


@glibc
def test_process_that_serves_has_arrow_take_memory_where_all_else_does(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RUN, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert said.stdout.splitlines()[0] == "system"
