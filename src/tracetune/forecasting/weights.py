"""Trained networks on disk: arrays and JSON in a zip, nothing that could run, and every size checked before it is read."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES
from tracetune.domain.series import Metric, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting.cell import Weights
from tracetune.forecasting.scoring import LstmPredictor
from tracetune.forecasting.windows import FEATURES, LATENCIES, Scales

FORMAT = 1
MOST_BYTES = 64 * 1024 * 1024
"""A million series take less; more is no model of ours."""

MOST_HIDDEN = 1024

_METADATA = "metadata.json"
_SCALES = ("location", "scale", "calls_location", "calls_scale")
_WEIGHTS = tuple(each.name for each in fields(Weights))
_TRAIN_AGAIN = "train the model again, or give a file that tracetune saved"


def save(predictor: LstmPredictor, path: Path) -> None:
    """Write the model; a reader sees the old file or the whole new one."""
    hidden = len(predictor.weights.recurrent)
    metadata = {
        "format": FORMAT,
        "features": FEATURES,
        "quantiles": QUANTILES,
        "hidden": hidden,
        "metric": predictor.metric,
        "keys": predictor.scales.keys,
        "knows_clock": predictor.scales.knows_clock,
    }
    arrays = {name: getattr(predictor.weights, name) for name in _WEIGHTS}
    arrays |= {name: getattr(predictor.scales, name) for name in _SCALES}
    temporary = path.with_name(path.name + ".part")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def load(path: Path) -> LstmPredictor:
    """Read a model; a file from a stranger can be wrong, but it cannot run anything or take much memory.

    Raises:
        InvalidInput: where it is no model of this format, with what is wrong.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(archive)
            metadata = json.loads(archive.read(_METADATA))
            arrays = {name: _array(archive.read(f"{name}.npy"), name) for name in (*_WEIGHTS, *_SCALES)}
        return _predictor(metadata, arrays)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} holds no trained model: {error}", hint=_TRAIN_AGAIN) from error


def _check_size(archive: zipfile.ZipFile) -> None:
    size = sum(each.file_size for each in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"it unpacks to {size:,} bytes, more than {MOST_BYTES:,}")


def _array(content: bytes, name: str) -> NDArray[Any]:
    """The array, after its header is seen to promise no more than is there; numpy's own reader allocates before it looks."""
    member = io.BytesIO(content)
    if np.lib.format.read_magic(member) != (1, 0):
        raise ValueError(f"{name} has an unknown header")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype not in (np.dtype("<f4"), np.dtype("<f8")) or fortran or len(shape) > 2:
        raise ValueError(f"{name} is {dtype} of {len(shape)} axes, not floats of one or two")
    values = member.read()
    if math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} promises {shape} values and holds {len(values):,} bytes")
    return np.frombuffer(values, dtype).reshape(shape)


def _predictor(metadata: Any, arrays: dict[str, NDArray[Any]]) -> LstmPredictor:  # noqa: ANN401 - parsed JSON
    expected = {"format": FORMAT, "features": list(FEATURES), "quantiles": list(QUANTILES)}
    for name, value in expected.items():
        if metadata[name] != value:
            raise ValueError(f"its {name} are {metadata[name]!r}, not {value!r}")
    hidden = int(metadata["hidden"])
    if not 1 <= hidden <= MOST_HIDDEN:
        raise ValueError(f"its hidden size is {hidden}, not 1 to {MOST_HIDDEN}")
    keys = tuple(SeriesKey(str(service), str(span)) for service, span in metadata["keys"])
    for name, shape in _shapes(hidden, len(keys)).items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} is {arrays[name].shape}, not {shape}")
    if not all(np.isfinite(arrays[name]).all() for name in _WEIGHTS):
        raise ValueError("some weights are no finite numbers")
    metric = Metric(metadata["metric"])
    if metric not in LATENCIES:
        raise ValueError(f"its metric is {metric}, not a latency")
    weights = Weights(*(np.asarray(arrays[name], np.float32) for name in _WEIGHTS))
    parts = {name: np.asarray(arrays[name], np.float64) for name in _SCALES}
    scales = Scales(keys=keys, knows_clock=bool(metadata["knows_clock"]), **parts)
    return LstmPredictor(weights, scales, metric)


def _shapes(hidden: int, series: int) -> dict[str, tuple[int, ...]]:
    return {
        "kernel": (len(FEATURES), 4 * hidden),
        "recurrent": (hidden, 4 * hidden),
        "bias": (4 * hidden,),
        "mix_kernel": (hidden + len(FEATURES), hidden),
        "mix_bias": (hidden,),
        "head_kernel": (hidden, len(QUANTILES)),
        "head_bias": (len(QUANTILES),),
        "location": (len(LATENCIES), series),
        "scale": (len(LATENCIES), series),
        "calls_location": (series,),
        "calls_scale": (series,),
    }
