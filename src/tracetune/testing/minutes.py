"""Made-up minutes for tests of what keeps them, and a form in which minutes compare equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tracetune.domain.histograms import HISTOGRAM, ZERO_BUCKET, Histograms
from tracetune.domain.minutes import EXEMPLARS, INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch
from tracetune.domain.spans import LABEL

_WORDS = (
    "cart",
    "payments",
    "GET /product/{id}",
    "",
    "Größe 'x'; --",
    'a "quoted" name\\',
    "two\nlines",
    "{first:Int32}",
)


def random_minutes(
    seed: int, *, first_minute: int = 29_540_160, minutes: int = 10, rows: int = 60, words: Sequence[str] = _WORDS
) -> MinuteBatch:
    """Minutes in which every column takes ordinary, odd and extreme values; no two rows have equal keys.

    Args:
        seed: equal seeds give equal minutes.
        first_minute: minutes since the Unix epoch.
        minutes: rows are spread over so many.
        rows: of each table, before those with equal keys are added up.
        words: what labels are drawn from.
    """
    rng = np.random.default_rng(seed)
    tables = {
        name: _random_table(rng, schema, range(first_minute, first_minute + minutes), rows, words)
        for name, schema in (
            ("operations", OPERATIONS),
            ("links", LINKS),
            ("instances", INSTANCES),
            ("paths", PATHS),
            ("exemplars", EXEMPLARS),
        )
    }
    return MinuteBatch.merge([MinuteBatch(**tables)])


def sorted_rows(minutes: MinuteBatch) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in an order that depends on nothing but the rows.

    Of usual exemplars only that there is one is said: which of several usual calls is kept is nobody's promise.
    """
    usual = pa.compute.invert(minutes.exemplars["is_slowest"])
    keys = ["minute", "service_name", "span_name"]
    tables = {name: getattr(minutes, name) for name in ("operations", "links", "instances", "paths")}
    tables["slowest"] = minutes.exemplars.filter(minutes.exemplars["is_slowest"])
    tables["usual"] = minutes.exemplars.filter(usual).select(keys)
    return {name: sorted(tuple(row.values()) for row in table.to_pylist()) for name, table in tables.items()}


def _random_table(
    rng: np.random.Generator, schema: pa.Schema, during: range, rows: int, words: Sequence[str]
) -> pa.Table:
    return pa.table([_random_column(rng, field, during, rows, words) for field in schema], schema=schema)


def _random_column(
    rng: np.random.Generator, field: pa.Field, during: range, rows: int, words: Sequence[str]
) -> pa.Array:
    if field.name == "minute":
        return pa.array(rng.integers(during.start, during.stop, rows), pa.int32())
    if field.type.equals(LABEL):
        return pa.array(rng.choice(words, rows).tolist(), pa.string()).dictionary_encode().cast(LABEL)
    if field.type.equals(HISTOGRAM):
        return _random_histograms(rng, rows)
    if pa.types.is_fixed_size_binary(field.type):
        return pa.array([rng.bytes(field.type.byte_width) for _ in range(rows)], field.type)
    if pa.types.is_boolean(field.type):
        return pa.array(rng.random(rows) < 0.5)
    most = 6 if pa.types.is_int8(field.type) else 1 << 50
    return pa.array(rng.integers(0, most, rows)).cast(field.type)


def _random_histograms(rng: np.random.Generator, rows: int) -> pa.Array:
    """Up to five buckets a row, some empty, some with durations of zero."""
    row = np.sort(rng.integers(0, rows, rows * 2))
    bucket = rng.choice([ZERO_BUCKET, -200, -37, -1, 0, 1, 90], len(row)).astype(np.int16)
    return Histograms.from_entries(rows, row, bucket, rng.integers(1, 1 << 40, len(row)).astype(np.uint64)).to_arrow()
