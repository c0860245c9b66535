"""Questions about span attributes, answered for all spans at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.spans import SpanBatch


def any_attribute(spans: SpanBatch, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Whether a span has an attribute with a wanted key, (span,)."""
    return _any(spans, is_wanted, None)


def any_value(spans: SpanBatch, key: str, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Whether a span has the attribute with a wanted value, (span,)."""
    return _any(spans, key.__eq__, is_wanted)


def _any(
    spans: SpanBatch, is_wanted_key: Callable[[str], bool], is_wanted_value: Callable[[str], bool] | None
) -> NDArray[np.bool_]:
    parts = [_any_in_chunk(chunk, is_wanted_key, is_wanted_value) for chunk in spans.table["attributes"].chunks]
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


def _any_in_chunk(
    chunk: pa.MapArray, is_wanted_key: Callable[[str], bool], is_wanted_value: Callable[[str], bool] | None
) -> NDArray[np.bool_]:
    wanted = _of_dictionary(chunk.keys, is_wanted_key)
    if wanted is not None and is_wanted_value:
        of_value = _of_dictionary(chunk.items, is_wanted_value)
        wanted = None if of_value is None else wanted & of_value
    if wanted is None:
        return np.zeros(len(chunk), np.bool_)
    hits = np.concatenate(([0], np.cumsum(wanted)))
    per_row: NDArray[np.bool_] = np.diff(hits[chunk.offsets.to_numpy()]) > 0
    return per_row


def _of_dictionary(array: pa.DictionaryArray, is_wanted: Callable[[str], bool]) -> NDArray[np.bool_] | None:
    """Whether each entry is wanted; None where none can be, so that most questions cost a look at the dictionary only."""
    answers = np.array([*(is_wanted(value) for value in array.dictionary.to_pylist()), False])  # the last for null
    if not answers.any():
        return None
    result: NDArray[np.bool_] = answers[array.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return result
