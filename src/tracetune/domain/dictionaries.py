"""Cuts the dictionaries of label columns to what is in use.

Rows that are filtered keep the strings of all rows that there were. Whoever keeps some rows, adds new ones and keeps some of
these again, would keep every string that was ever met: names with ids in them, and instances of every release.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def without_unused(table: pa.Table) -> pa.Table:
    """The same rows; label columns, and maps from label to label, hold no string that no row has.

    Args:
        table: with as many rows as are kept, in one piece or several.
    """
    table = table.unify_dictionaries().combine_chunks()
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) or pa.types.is_map(field.type):
            pieces = [_cut(chunk) for chunk in table.column(at).chunks]
            table = table.set_column(at, field, pa.chunked_array(pieces, field.type))
    return table


def _cut(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.MapArray):
        begin, end = array.offsets[0].as_py(), array.offsets[-1].as_py()
        offsets = pa.array(array.offsets.to_numpy() - begin)
        keys, items = (_cut(part.slice(begin, end - begin)) for part in (array.keys, array.items))
        return pa.MapArray.from_arrays(offsets, keys, items)
    is_null = array.indices.is_null().to_numpy(zero_copy_only=False)
    codes = array.indices.fill_null(0).to_numpy()
    used = np.flatnonzero(np.bincount(codes[~is_null], minlength=len(array.dictionary)))
    if len(used) == len(array.dictionary):
        return array
    place = np.zeros(len(array.dictionary) + 1, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    indices = pa.array(place[codes], mask=is_null if is_null.any() else None)
    return pa.DictionaryArray.from_arrays(indices, array.dictionary.take(pa.array(used)))
