"""The whole way of a span, from OTLP bytes and Jaeger JSON to minute rows, and the memory that a long input takes."""

from __future__ import annotations

import io
import resource
from collections.abc import Iterable, Iterator
from functools import partial

from report import Row, measure, save, table
from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.pipeline import Intake
from tracetune.sources.readers import readers
from tracetune.testing.shop import shop_day
from tracetune.testing.writers import FORMATS

MINUTES = 240
REPEAT = 3


def minutes_of(stream: bytes, name: str) -> int:
    """Read a stream into minutes; gives the number of operation rows."""
    intake = Intake(max_spans=200_000)
    decoded: Iterable[Decoded] = readers()[name].read(io.BytesIO(stream))
    for part in decoded:
        intake.add(name, part.spans, part.rejected)
    return len(intake.finish().minutes.operations)


def peak_mebibytes() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table and keep it."""
    batches = list(_batches())
    spans = sum(len(batch) for batch in batches)
    rows: list[Row] = []
    for name in ("otlp_delimited", "jaeger"):
        stream = b"".join(FORMATS[name](batches))
        minutes_of(stream, name)  # compile and warm up
        rows.append(measure(f"{name} bytes to minute rows", partial(minutes_of, stream, name), spans, REPEAT))
    print(table(rows))
    save("pipeline", rows, peak_mebibytes=peak_mebibytes(), spans_in_memory=spans)


def _batches() -> Iterator[SpanBatch]:
    yield from shop_day(0, minutes=MINUTES, traces_per_minute=120.0, batch_minutes=20)


if __name__ == "__main__":
    main()
