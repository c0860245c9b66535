from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tracetune.forecasting import checkpoints
from tracetune.forecasting.keras_backend import load_keras

keras = load_keras()


def _parts(seed: int) -> tuple[Any, Any]:
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    network.set_weights([np.random.default_rng(seed).normal(size=each.shape) for each in network.weights])
    optimizer = keras.optimizers.AdamW(1e-3)
    optimizer.build(network.trainable_variables)
    return network, optimizer


def _values(parts: tuple[Any, Any]) -> list[Any]:
    return [np.array(keras.ops.convert_to_numpy(each.value)) for part in parts for each in part.variables]


def test_what_is_saved_is_restored(tmp_path: Path) -> None:
    saved, fresh = _parts(1), _parts(2)
    saved[1].apply([keras.ops.ones(each.shape) for each in saved[0].trainable_variables], saved[0].trainable_variables)
    checkpoints.save(tmp_path / "c.npz", "course", 40, *saved)

    step = checkpoints.restore(tmp_path / "c.npz", "course", *fresh)

    assert step == 40
    for before, after in zip(_values(saved), _values(fresh), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("name", ["another course", "absent"])
def test_another_course_begins_anew(tmp_path: Path, name: str) -> None:
    parts = _parts(1)
    if name != "absent":
        checkpoints.save(tmp_path / "c.npz", "course", 40, *parts)
    fresh = _parts(2)
    before = _values(fresh)

    assert checkpoints.restore(tmp_path / "c.npz", name, *fresh) == 0
    assert all(np.array_equal(old, new) for old, new in zip(before, _values(fresh), strict=True))


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from tracetune.forecasting import archive

class Deadly:
    def __array__(self, dtype=None, copy=None):
        os.kill(os.getpid(), signal.SIGKILL)

archive.write(Path(sys.argv[1]), {}, {"0": np.ones(1000), "1": Deadly()})
"""


def test_what_a_process_left_that_was_killed_while_it_saved_is_removed_at_the_resume(tmp_path: Path) -> None:
    kept, other = tmp_path / "c.npz", tmp_path / "c.npz.old"
    checkpoints.save(kept, "course", 40, *_parts(1))
    other.write_bytes(b"somebody's")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(kept)], check=False, timeout=120)  # noqa: S603 - ours
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("*.part"))) == 1

    step = checkpoints.restore(kept, "course", *_parts(2))

    assert step == 40  # of the save before, which is whole
    assert sorted(each.name for each in tmp_path.iterdir()) == ["c.npz", "c.npz.old"]
