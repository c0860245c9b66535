"""Arrow tables of the minute schemas from columns: labels, numbers and histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.histograms import Histograms


def label_column(codes: NDArray[np.integer[Any]], values: Sequence[str]) -> pa.DictionaryArray:
    """Labels from codes into values; code -1 becomes the empty label."""
    known = [*values, ""]
    empty = known.index("")
    filled = np.where(codes < 0, empty, codes).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(filled), pa.array(known[: max(empty + 1, len(values))], pa.string()))


def id_column(ids: NDArray[np.int64]) -> pa.Array:
    """Ids for comparing, (row,) or (row, 2), back as the bytes they came from."""
    data = np.ascontiguousarray(ids)
    width = 8 * (data.shape[1] if data.ndim == 2 else 1)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(data), [None, pa.py_buffer(data.tobytes())])


def to_table(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """A table of the schema from its columns: numpy or Arrow arrays, or Histograms."""
    arrays = []
    for field in schema:
        values = columns[field.name]
        arrays.append(values.to_arrow() if isinstance(values, Histograms) else pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
