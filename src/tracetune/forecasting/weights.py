"""A trained network as arrays: what a file must hold to be one, and the network that ships with tracetune."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES
from tracetune.errors import InvalidInput
from tracetune.forecasting import archive
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.windows import FEATURES

FORMAT = 1
MOST_BYTES = 64 * 1024 * 1024
MOST_HIDDEN = 1024

SHIPPED = Path(__file__).with_name("pretrained.npz")
"""The network that ``scripts/pretrain.py`` made; its metadata say from what and how."""

_NAMES = tuple(each.name for each in fields(Weights))
_HINT = "train the model again, or give a file that tracetune saved"


def save(path: Path, weights: Weights, about: Mapping[str, Any]) -> None:
    """Write the network alone, with what is known about its making."""
    facts, arrays = packed(weights)
    archive.write(path, {**facts, "about": dict(about)}, arrays)


def load(path: Path) -> tuple[Weights, Mapping[str, Any]]:
    """The network and what is known about its making.

    Raises:
        InvalidInput: where it is no network of this format, with what is wrong.
    """
    metadata, arrays = archive.read(path, most_bytes=MOST_BYTES, what="trained model", hint=_HINT)
    try:
        return unpacked(metadata, arrays), dict(metadata["about"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} holds no trained model: {error}", hint=_HINT) from error


def packed(weights: Weights) -> tuple[dict[str, Any], archive.Arrays]:
    """What must agree where the network is used, and its arrays by name."""
    facts = {"format": FORMAT, "features": FEATURES, "quantiles": QUANTILES, "hidden": len(weights.recurrent)}
    return facts, {name: getattr(weights, name) for name in _NAMES}


def unpacked(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Weights:
    """The network of these arrays.

    Raises:
        ValueError, KeyError, TypeError: where anything about it is not as this version needs it.
    """
    expected = {"format": FORMAT, "features": list(FEATURES), "quantiles": list(QUANTILES)}
    for name, value in expected.items():
        found = list(facts[name]) if isinstance(facts[name], tuple) else facts[name]
        if found != value:
            raise ValueError(f"its {name} are {found!r}, not {value!r}")
    hidden = int(facts["hidden"])
    if not 1 <= hidden <= MOST_HIDDEN:
        raise ValueError(f"its hidden size is {hidden}, not 1 to {MOST_HIDDEN}")
    for name, shape in _shapes(hidden).items():
        if name not in arrays:
            raise KeyError(f"{name}.npy is missing")
        if arrays[name].shape != shape:
            raise ValueError(f"{name} is {arrays[name].shape}, not {shape}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} holds values that are no finite numbers")
    return Weights(*(np.asarray(arrays[name], np.float32) for name in _NAMES))


def _shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    return {
        "kernel": (len(FEATURES), 4 * hidden),
        "recurrent": (hidden, 4 * hidden),
        "bias": (4 * hidden,),
        "mix_kernel": (hidden + len(FEATURES), hidden),
        "mix_bias": (hidden,),
        "head_kernel": (hidden, len(QUANTILES)),
        "head_bias": (len(QUANTILES),),
    }
