"""Spans in, minutes out: a state that depends on nothing but the records of the journal, in their order.

So the state after a crash is that of a process that never crashed: the records since the last checkpoint are folded again, and
give the same minutes under the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.stores.checkpoint import Checkpoint
from tracetune.traces.assemble import Assembled, Assembler, Held
from tracetune.traces.names import NameCap, Overflow
from tracetune.traces.summarise import TraceSummary, summarise_assembled

MOST_AHEAD_NANO = 10 * NANOS_PER_MINUTE
"""Spans that begin later than this after their arrival are left out: a clock is wrong, and their minutes are not here yet."""

_MOST_SUMMARIES = 8
"""What is given out because too much is held makes minutes that are added up so many at a time."""


@dataclass(frozen=True, slots=True)
class Emission:
    """Minutes that are ready to be stored, under the number that tells them apart from all others of this journal.

    Attributes:
        closed_minute: the minute that was closed with it; None where minutes were given out because too much was held.
    """

    number: int
    summary: TraceSummary
    closed_minute: int | None


class Fold:
    """The state. For one thread at a time.

    Args:
        max_spans: the most spans to hold.
        names_per_service: operation names a service may have before the rest is ``other``.
        own_service: the service that this process is; spans of it are left out, or it would watch itself watching.
    """

    def __init__(self, max_spans: int, names_per_service: int, own_service: str = "") -> None:
        self._own_service = own_service
        self._max_spans, self._names_per_service = max_spans, names_per_service
        self._assembler = Assembler(max_spans)
        self._names = NameCap(names_per_service)
        self._waiting: list[TraceSummary] = []
        self.number = 0
        self.now_nano = 0

    @property
    def held_spans(self) -> int:
        """Spans whose traces are not given out yet."""
        return self._assembler.held_spans

    def overflows(self) -> tuple[Overflow, ...]:
        """Services with too many operation names."""
        return self._names.overflows()

    def arrive(self, now_nano: int) -> None:
        """Say when the requests that follow arrived. A clock that goes back makes nothing a span of the future."""
        self.now_nano = max(self.now_nano, now_nano)

    def screen(self, decoded: Decoded) -> Decoded:
        """The same without spans of the future and without those of this process, which are counted."""
        decoded = self._without_own(decoded)
        if not self.now_nano or not len(decoded.spans):
            return decoded
        return _without(
            decoded,
            decoded.spans.column("start_time_unix_nano") > self.now_nano + MOST_AHEAD_NANO,
            "from_the_future",
        )

    def _without_own(self, decoded: Decoded) -> Decoded:
        if not self._own_service or not len(decoded.spans):
            return decoded
        codes, names = decoded.spans.labels("service_name")
        if self._own_service not in names:
            return decoded
        return _without(decoded, codes == names.index(self._own_service), "own_span")

    def take(self, spans: SpanBatch) -> list[Emission]:
        """Hold more spans; gives minutes only where too many were held."""
        self._summarise(self._assembler.add(spans))
        return [self._emission(None)] if len(self._waiting) >= _MOST_SUMMARIES else []

    def close(self, minute: int) -> Emission:
        """End a minute: everything that began in it or before is given out."""
        self._summarise(self._assembler.close((minute + 1) * NANOS_PER_MINUTE))
        return self._emission(minute)

    def flush(self) -> Emission:
        """Give what waits to be added up; afterwards ``checkpoint`` may be called."""
        return self._emission(None)

    def checkpoint(self) -> Checkpoint:
        """The whole state after a ``close`` or ``flush``; what is folded later does not change it."""
        held = self._assembler.held()
        document = {"number": self.number, "now_nano": self.now_nano, "names": self._names.known()}
        tables = {"older": held.older.table, "newer": held.newer.table, "late": held.late.table}
        return Checkpoint(document, tables, {"given_out": held.given_out, "given_spans": held.given_spans})

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a state that ``checkpoint`` gave."""
        batches = {
            name: SpanBatch(table.unify_dictionaries().combine_chunks()) for name, table in checkpoint.tables.items()
        }
        arrays = checkpoint.arrays
        held = Held(batches["older"], batches["newer"], batches["late"], arrays["given_out"], arrays["given_spans"])
        self._assembler = Assembler.resume(held, self._max_spans)
        self._names = NameCap(self._names_per_service, checkpoint.document["names"])
        self.number, self.now_nano = checkpoint.document["number"], checkpoint.document["now_nano"]

    def _summarise(self, parts: Iterable[Assembled]) -> None:
        for part in parts:
            self._waiting.append(summarise_assembled(replace(part, spans=self._names.apply(part.spans))))

    def _emission(self, minute: int | None) -> Emission:
        summary, self._waiting = TraceSummary.merge(self._waiting), []
        self.number += 1
        return Emission(self.number, summary, minute)


def _without(decoded: Decoded, left_out: NDArray[np.bool_], reason: str) -> Decoded:
    if not left_out.any():
        return decoded
    rejected = Counter(decoded.rejected)
    rejected[reason] += int(left_out.sum())
    return Decoded(decoded.spans.filter(~left_out), dict(rejected))
