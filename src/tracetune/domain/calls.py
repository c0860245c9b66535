"""Whole calls of a few minutes, with their times on both sides: what tuning estimates queues from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.dictionaries import without_unused
from tracetune.domain.spans import LABEL

CALLS = pa.schema(
    [
        pa.field("begun_unix_nano", pa.int64(), nullable=False),  # when the call's trace began
        pa.field("trace_id", pa.binary(16), nullable=False),
        pa.field("call_id", pa.binary(8), nullable=False),  # of the entry span, else of the caller's
        pa.field("parent_call_id", pa.binary(8), nullable=False),  # eight zero bytes: it began the trace
        pa.field("service_name", LABEL, nullable=False),  # who served it, or what the caller names as its peer
        pa.field("span_name", LABEL, nullable=False),
        pa.field("service_version", LABEL, nullable=False),  # "" where the span does not say, as the next
        pa.field("instance", LABEL, nullable=False),
        pa.field("node", LABEL, nullable=False),  # what the instance runs on
        pa.field(
            "sent_unix_nano", pa.int64(), nullable=False
        ),  # the caller's clock; the callee's where nobody measured
        pa.field("arrived_unix_nano", pa.int64(), nullable=False),
        pa.field("ended_unix_nano", pa.int64(), nullable=False),
        pa.field("returned_unix_nano", pa.int64(), nullable=False),
        pa.field("is_awaited", pa.bool_(), nullable=False),  # false for messages: nobody waits for their consumer
        pa.field("is_served", pa.bool_(), nullable=False),  # false where only the caller tells of it: a database
        pa.field("is_error", pa.bool_(), nullable=False),
    ]
)
"""One row a call between services, or into the first of them; however many spans describe it."""

MOST_CALLS = 400_000
"""The most calls a sample keeps: about 100 bytes each, 40 MB in all. A quarter of it is enough for most estimates."""


@dataclass(frozen=True, slots=True)
class CallSample:
    """All calls of the traces that began in some whole minutes: the busiest ones and some usual ones.

    Attributes:
        table: CALLS, in no promised order.
        left_out: minutes (since the Unix epoch) of which calls were seen but not kept; no call of them is ever kept again,
            so that a kept minute is a whole one.
    """

    table: pa.Table
    left_out: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not self.table.schema.equals(CALLS):
            raise TypeError(f"not the schema of calls: {self.table.schema.names} with types {self.table.schema.types}")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @classmethod
    def empty(cls) -> CallSample:
        """Of no calls."""
        return cls(CALLS.empty_table())

    @classmethod
    def merge(cls, samples: Sequence[CallSample], most: int = MOST_CALLS) -> CallSample:
        """The calls of all samples in as many whole minutes as ``most`` calls allow; see ``choose_minutes``."""
        left_out = frozenset().union(*(sample.left_out for sample in samples))
        tables = [sample.table for sample in samples if len(sample)]
        if not tables:
            return cls(CALLS.empty_table(), left_out)
        table = pa.concat_tables(tables)
        minute = table["begun_unix_nano"].to_numpy() // NANOS_PER_MINUTE
        keep, dropped = choose_minutes(minute, left_out, most)
        if not keep.all():
            table = table.filter(pa.array(keep))
        return cls(without_unused(table), left_out | dropped)

    def minutes(self) -> NDArray[np.int64]:
        """The minutes of which there are calls, ascending."""
        found: NDArray[np.int64] = np.unique(self.table["begun_unix_nano"].to_numpy() // NANOS_PER_MINUTE)
        return found

    def within(self, minutes: NDArray[np.int64]) -> CallSample:
        """Only the calls of traces that began in these minutes."""
        minute = self.table["begun_unix_nano"].to_numpy() // NANOS_PER_MINUTE
        return CallSample(self.table.filter(pa.array(np.isin(minute, minutes))).combine_chunks(), self.left_out)


def choose_minutes(
    minute: NDArray[np.int64], left_out: frozenset[int], most: int = MOST_CALLS
) -> tuple[NDArray[np.bool_], frozenset[int]]:
    """Which calls to keep, (call,), and the minutes that this leaves out; ``minute`` (call,) is each call's trace's.

    Half of the room goes to the busiest minutes, where queues show; the rest to minutes chosen by a fixed hash, which are
    usual ones, and the same ones in whatever order batches come. One minute that is larger than all the room is kept
    alone, the calls that come first in it.
    """
    known, group, calls = np.unique(minute, return_inverse=True, return_counts=True)
    wanted = ~np.isin(known, np.fromiter(left_out, np.int64, len(left_out)))
    if calls[wanted].sum() > most:
        wanted = _fitting(known, np.where(wanted, calls, 0), most)
    dropped = frozenset(known[~wanted].tolist())
    keep: NDArray[np.bool_] = wanted[group]
    if keep.sum() > most:
        keep &= np.cumsum(keep) <= most
    return keep, dropped - left_out


def _fitting(known: NDArray[np.int64], calls: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(known), np.bool_)
    busiest = np.argsort(-calls, kind="stable")
    chosen[busiest[np.cumsum(calls[busiest]) <= most // 2]] = True
    chosen[busiest[0]] = True
    spread = (known.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    rest = np.argsort(spread, kind="stable")
    rest = rest[~chosen[rest] & (calls[rest] > 0)]
    room = most - int(calls[chosen].sum())
    chosen[rest[np.cumsum(calls[rest]) <= room]] = True
    return chosen
