"""Series as one file, whole or not there: what one process cut and another learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting import archive

_MOST_BYTES = 8 << 30
_WHAT, _HINT = "series to learn from", "write them again"


def write(path: Path, series: SeriesBatch) -> None:
    """Write these series; replaces a file as a whole."""
    arrays = {f"{metric}": values for metric, values in series.metrics.items()}
    arrays |= {"observed": series.observed.astype(np.int64), "root_share": series.root_share}
    archive.write(path, {"keys": [list(key) for key in series.keys], "start_minute": series.start_minute}, arrays)


def read(path: Path) -> SeriesBatch:
    """The series that ``write`` wrote.

    Raises:
        InvalidInput: the file holds none, with what is wrong.
    """
    facts, arrays = archive.read(path, most_bytes=_MOST_BYTES, what=_WHAT, hint=_HINT)
    try:
        return SeriesBatch(
            keys=tuple(SeriesKey(str(service), str(span)) for service, span in facts["keys"]),
            start_minute=int(facts["start_minute"]),
            metrics={metric: arrays[f"{metric}"] for metric in Metric},
            observed=arrays["observed"].astype(np.bool_),
            root_share=arrays["root_share"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path} holds no {_WHAT}: {error}", hint=_HINT) from error
