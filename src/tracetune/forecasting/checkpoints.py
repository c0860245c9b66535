"""Where a killed training goes on: the network and its optimizer as arrays, nothing that could run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tracetune.errors import InvalidInput
from tracetune.forecasting import archive

MOST_BYTES = 256 * 1024**2


def save(path: Path, name: str, step: int, network: Any, optimizer: Any) -> None:  # noqa: ANN401 - Keras has no types
    """Write what the training knows after ``step`` steps; the file is whole or the old one, whenever the process dies.

    Args:
        path: of the file.
        name: digest of the course, so that another training does not go on from here.
        step: how many are done.
        network: a keras.Model.
        optimizer: of Keras.
    """
    arrays = {f"{at}": _saved(each) for at, each in enumerate(_variables(network, optimizer))}
    archive.write(path, {"name": name, "step": step}, arrays)


def restore(path: Path, name: str, network: Any, optimizer: Any) -> int:  # noqa: ANN401 - Keras has no types
    """Put back what ``save`` wrote for the same course; the number of steps that are done, 0 where there is nothing.

    What a process that was killed while it saved has left beside the file is removed.
    """
    archive.clear(path)
    if not path.exists():
        return 0
    try:
        facts, arrays = archive.read(path, most_bytes=MOST_BYTES, what="checkpoint", hint="remove it")
    except InvalidInput:
        return 0  # a checkpoint saves time; without one the same result takes longer
    variables = _variables(network, optimizer)
    fitting = [arrays.get(f"{at}") for at in range(len(variables))]
    if facts.get("name") != name or any(
        found is None or found.shape != tuple(held.shape) for found, held in zip(fitting, variables, strict=True)
    ):
        return 0
    for held, found in zip(variables, fitting, strict=True):
        held.assign(np.asarray(found, held.dtype))
    return int(facts["step"])


def _variables(network: Any, optimizer: Any) -> list[Any]:  # noqa: ANN401 - Keras has no types
    return [*network.variables, *optimizer.variables]


def _saved(variable: Any) -> Any:  # noqa: ANN401 - a variable of any backend to its array
    from keras import ops  # noqa: PLC0415 - whoever has a network has loaded it

    values = np.asarray(ops.convert_to_numpy(ops.convert_to_tensor(variable.value)))
    return values.astype(np.float32 if values.dtype.kind == "f" else np.int64)
