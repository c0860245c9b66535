"""How numba compiles the kernels of this package."""

from __future__ import annotations

from typing import Any

KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}
"""For what Python calls: without the wrapper for C, which nobody calls and takes time to compile."""

PART: dict[str, Any] = {**KERNEL, "no_cpython_wrapper": True}
"""For what only kernels of the same file call: without the wrapper for Python too."""
