from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def _is_compiled(cache: Path, before: str = "") -> bool:
    """What a new process finds in this cache, after it did something."""
    program = f"""
import sys
import numpy as np
from tracetune.traces import compiled, exemplars
{before}
sys.exit(0 if compiled.are_kernels_compiled() else 3)
"""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env={**os.environ, "NUMBA_CACHE_DIR": str(cache)}, check=False
    )
    assert done.returncode in {0, 3}
    return done.returncode == 0


def test_kernels_are_compiled_once_their_index_is_there_and_no_older_than_their_file(tmp_path: Path) -> None:
    none, ids = "np.zeros(0, np.int64)", "np.zeros((0, 2), np.int64)"
    call = f"exemplars._best(np.zeros(0, np.int32), 0, {none}, {none}, {ids}, {none})"

    assert not _is_compiled(tmp_path)
    assert _is_compiled(tmp_path, call)
    assert _is_compiled(tmp_path)

    for index in tmp_path.rglob("*.nbi"):
        os.utime(index, (1, 1))

    assert not _is_compiled(tmp_path)
