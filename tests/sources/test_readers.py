from __future__ import annotations

import subprocess
import sys

from tracetune.sources.detect import FORMATS
from tracetune.sources.readers import readers


def test_every_format_that_can_be_told_can_be_read() -> None:
    assert set(readers()) == set(FORMATS)


def test_looking_for_files_loads_neither_compiler_nor_learning() -> None:
    code = "import sys, tracetune.sources.readers, tracetune.sources.files; print({'numba', 'keras', 'jax'} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code

    assert answer.stdout.strip() == "set()"
