"""Whether this package's kernels were compiled for this machine before, or will be at their first use."""

from __future__ import annotations

import sys
from pathlib import Path

from tracetune.traces import exemplars


def are_kernels_compiled() -> bool:
    """Whether numba's cache has what the first spans need; one kernel, which every batch of spans comes to, stands for all.

    An index older than the kernel's file is of another version: numba looks at the file's time as well.

    Source: numba, "Notes on caching": the index of a function is ``MODULE.FUNCTION-LINE.pyVERSION.nbi``.
    """
    kernel = exemplars._best  # noqa: SLF001 - of this package
    source = Path(exemplars.__file__)
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    folder = Path(kernel.stats.cache_path)
    indexes = folder.glob(f"{source.stem}.{kernel.__name__}-*.{version}*.nbi")
    return any(each.stat().st_mtime >= source.stat().st_mtime for each in indexes)
