"""Questions about span attributes, answered for all spans at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.spans import SpanBatch


def any_attribute(spans: SpanBatch, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Whether a span has an attribute with a wanted key, (span,)."""
    return _any(spans, lambda keys, _: _of_dictionary(keys, is_wanted))


def any_value(spans: SpanBatch, key: str, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Whether a span has the attribute with a wanted value, (span,)."""
    return _any(spans, lambda keys, values: _of_dictionary(keys, key.__eq__) & _of_dictionary(values, is_wanted))


def _any(spans: SpanBatch, wanted: Callable[[Any, Any], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Whether a span has a wanted entry, (span,); ``wanted`` takes the arrays of keys and values, (entry,)."""
    parts = [_any_in_chunk(chunk, wanted) for chunk in spans.table["attributes"].chunks]
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


def _any_in_chunk(chunk: pa.MapArray, wanted: Callable[[Any, Any], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    hits = np.concatenate(([0], np.cumsum(wanted(chunk.keys, chunk.items))))
    per_row: NDArray[np.bool_] = np.diff(hits[chunk.offsets.to_numpy()]) > 0
    return per_row


def _of_dictionary(array: pa.DictionaryArray, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    answers = np.array([*(is_wanted(value) for value in array.dictionary.to_pylist()), False])  # the last for null
    result: NDArray[np.bool_] = answers[codes]
    return result
