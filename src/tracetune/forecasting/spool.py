"""Series in files: more of them than fit into memory, of which training reads the windows that it draws."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting.windows import LATENCIES

KEPT = (Metric.CALLS, *LATENCIES)
"""What the network learns from; the other metrics of an opened batch are not observed."""

_INDEX = "index.json"


def write(folder: Path, parts: Iterable[SeriesBatch]) -> SeriesBatch:
    """Write these series one part after another, in single precision, and open them: no two parts are in memory at once.

    Args:
        folder: made where it is missing; what is in it under the same names is replaced.
        parts: different series over the same minutes.

    Raises:
        InvalidInput: the parts are of different minutes, or there are none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys: list[SeriesKey] = []
    roots: list[float] = []
    first: SeriesBatch | None = None
    with ExitStack() as stack:
        files = {metric: stack.enter_context((folder / f"{metric}.f4").open("wb")) for metric in KEPT}
        for part in parts:
            first = first or part
            if (part.start_minute, part.length) != (first.start_minute, first.length):
                raise InvalidInput(f"parts of {part.length} and {first.length} minutes cannot be one history")
            keys += part.keys
            roots += part.root_share.tolist()
            for metric, file in files.items():
                part[metric].astype("<f4").tofile(file)
    if first is None:
        raise InvalidInput("there are no series to write")
    about = {
        "keys": keys,
        "root_share": roots,
        "start_minute": first.start_minute,
        "unobserved": np.flatnonzero(~first.observed).tolist(),
        "length": first.length,
    }
    (folder / _INDEX).write_text(json.dumps(about), encoding="utf-8")
    return opened(folder)


def opened(folder: Path) -> SeriesBatch:
    """The series of a folder, mapped and not read.

    Raises:
        InvalidInput: where a file is missing or of another size.
    """
    try:
        about = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        keys = tuple(SeriesKey(str(service), str(span)) for service, span in about["keys"])
        shape = (len(keys), int(about["length"]))
        kept = {metric: np.memmap(folder / f"{metric}.f4", "<f4", "r", shape=shape) for metric in KEPT}
        observed = np.ones(shape[1], np.bool_)
        observed[about["unobserved"]] = False
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInput(f"{folder} holds no series: {error}", hint="write them again") from error
    nothing = np.broadcast_to(np.float32(np.nan), shape)
    metrics: dict[Metric, Any] = {metric: kept.get(metric, nothing) for metric in Metric}
    return SeriesBatch(keys, int(about["start_minute"]), metrics, observed, np.array(about["root_share"], np.float64))
