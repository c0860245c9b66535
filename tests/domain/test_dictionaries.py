"""Rows keep their labels when the strings that no row has are dropped."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from tracetune.domain.dictionaries import without_unused
from tracetune.domain.spans import ATTRIBUTES, LABEL

_Row = tuple[str | None, dict[str, str], bool]

_LABELS = st.sampled_from([None, "", "a", "b", "c", "d"])
_ROWS = st.lists(st.tuples(_LABELS, st.dictionaries(st.sampled_from("xyz"), st.sampled_from("uvw")), st.booleans()))


def table_of(rows: list[_Row]) -> pa.Table:
    keys = pa.array([key for _, pairs, _ in rows for key in pairs], pa.string()).dictionary_encode()
    values = pa.array([value for _, pairs, _ in rows for value in pairs.values()], pa.string()).dictionary_encode()
    offsets = [0]
    for _, pairs, _ in rows:
        offsets.append(offsets[-1] + len(pairs))
    return pa.table(
        {
            "label": pa.array([label for label, _, _ in rows], pa.string()).dictionary_encode().cast(LABEL),
            "pairs": pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, values).cast(ATTRIBUTES),
            "is_kept": pa.array([kept for *_, kept in rows], pa.bool_()),
        }
    )


@settings(deadline=None)
@given(_ROWS, _ROWS, st.integers(0, 3))
def test_rows_are_the_same_and_every_string_is_used(first: list[_Row], second: list[_Row], skipped: int) -> None:
    both = pa.concat_tables([table_of(first), table_of(second)]).slice(skipped)
    kept = both.filter(both["is_kept"])

    for table in (kept, both):
        found = without_unused(table)

        assert found.to_pylist() == table.to_pylist()
        assert found.schema.equals(table.schema)
        found.validate(full=True)
        pairs = [part for chunk in found["pairs"].chunks for part in (chunk.keys, chunk.items)]
        for array in [*found["label"].chunks, *pairs]:
            assert set(array.dictionary.to_pylist()) == set(pc.drop_null(array.cast(pa.string())).to_pylist())
