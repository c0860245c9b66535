"""The sample of whole calls beside the minutes: in ClickHouse, and as one Parquet file for interchange."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracetune.domain.calls import CALLS, CallSample
from tracetune.domain.spans import LABEL
from tracetune.errors import InvalidInput
from tracetune.stores.clickhouse import ClickHouse

FILE = "calls.parquet"
_ANY_NUMBER = 2**62
_LEFT_OUT = b"tracetune.left_out_minutes"
_EMPTY_LABEL = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array([""]))


class ClickHouseCalls:
    """One bounded sample, written whole. It shares the database and does not close it."""

    def __init__(self, database: ClickHouse) -> None:
        self._database = database

    def write(self, sample: CallSample) -> None:
        """Put this sample in the place of the one before; a process that dies within leaves the one before."""
        generation = self._newest() + 1
        numbers = pa.array([generation] * len(sample), pa.int64())
        self._database.insert("calls", sample.table.add_column(0, "generation", numbers))
        told = {"generation": [generation], "left_out": [sorted(sample.left_out)]}
        schema = pa.schema({"generation": pa.int64(), "left_out": pa.list_(pa.int64())})
        self._database.insert("call_generations", pa.table(told, schema=schema))
        for table_name in ("calls", "call_generations"):
            # A whole number of our own: statements take no parameters.
            self._database.command(f"ALTER TABLE {table_name} DELETE WHERE generation < {int(generation)}")

    def add(self, sample: CallSample) -> None:
        """Keep these calls too, each once, as far as the sample's bound allows."""
        if len(sample) or sample.left_out:
            self.write(CallSample.merge([_once(CallSample.merge([self.read(), sample], _ANY_NUMBER))]))

    def read(self) -> CallSample:
        """The sample; empty where none was written."""
        generation = self._newest()
        if not generation:
            return CallSample.empty()
        asked = {"generation": generation}
        table = self._database.query(_CALLS, asked).select(CALLS.names).cast(CALLS).combine_chunks()
        left_out = self._database.query(_OF_GENERATION, asked)["left_out"].to_pylist()
        return CallSample(table, frozenset(left_out[0]))

    def _newest(self) -> int:
        """The last generation that was written whole: its minutes are told last."""
        return int(
            self._database.query("SELECT max(generation) AS newest FROM call_generations", {})["newest"][0].as_py()
        )


def _once(sample: CallSample) -> CallSample:
    """Without calls that are there twice, because the same files were read again."""
    ids = [
        np.frombuffer(column.buffers()[1], np.uint8).reshape(-1, column.type.byte_width)
        for column in (sample.table[name].combine_chunks() for name in ("trace_id", "call_id"))
        if len(column)
    ]
    if not ids:
        return sample
    keys = np.ascontiguousarray(np.concatenate(ids, axis=1))
    _, first = np.unique(keys.view(f"V{keys.shape[1]}").ravel(), return_index=True)
    return CallSample(sample.table.take(pa.array(np.sort(first))).combine_chunks(), sample.left_out)


_CALLS = f"SELECT {', '.join(CALLS.names)} FROM calls WHERE generation = {{generation:Int64}}"  # noqa: S608 - our own names
_OF_GENERATION = "SELECT left_out FROM call_generations WHERE generation = {generation:Int64}"


def write_parquet(sample: CallSample, folder: Path) -> None:
    """Put the sample into ``calls.parquet`` of a folder, in place of another one; whole or not at all."""
    told = {_LEFT_OUT: json.dumps(sorted(sample.left_out)).encode()}
    unfinished, path = folder / f"unfinished-{FILE}", folder / FILE
    with unfinished.open("wb") as file:
        pq.write_table(sample.table.replace_schema_metadata(told), file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def read_parquet(folder: Path) -> CallSample:
    """The sample of a folder; empty where there is none. Columns that an older version did not know are empty.

    Raises:
        InvalidInput: the file is not what was written.
    """
    path = folder / FILE
    if not path.exists():
        return CallSample.empty()
    try:
        table = pq.read_table(path, partitioning=None)
        left_out = json.loads((table.schema.metadata or {}).get(_LEFT_OUT, b"[]"))
        for field in CALLS:
            if field.name not in table.schema.names and field.type.equals(LABEL):
                nothing = _EMPTY_LABEL.take(pa.array([0] * len(table), pa.int32()))
                table = table.append_column(field, nothing)
        found = table.select(CALLS.names).cast(CALLS).replace_schema_metadata(None).combine_chunks()
        return CallSample(found, frozenset(left_out))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise InvalidInput(f"{path} is no sample of calls: {error}", hint="remove it, and export again") from None
