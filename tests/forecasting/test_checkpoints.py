from __future__ import annotations

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
