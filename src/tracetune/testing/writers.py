"""Files of spans in the formats that sources read, compressed by the end of their name."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from tracetune.domain.spans import SpanBatch
from tracetune.testing.jaeger_writer import jaeger
from tracetune.testing.opensearch_writer import opensearch
from tracetune.testing.otlp_json_writer import otlp_json, otlp_jsonl
from tracetune.testing.otlp_writer import otlp_delimited, otlp_protobuf
from tracetune.testing.zipkin_writer import zipkin_v1, zipkin_v2

FORMATS: Mapping[str, Callable[[Iterable[SpanBatch]], Iterator[bytes]]] = {
    "jaeger": jaeger,
    "otlp_json": otlp_json,
    "otlp_jsonl": otlp_jsonl,
    "otlp_protobuf": otlp_protobuf,
    "otlp_delimited": otlp_delimited,
    "zipkin_v2": zipkin_v2,
    "zipkin_v1": zipkin_v1,
    "opensearch": opensearch,
}
"""What turns batches into the bytes of a file, in pieces, by the name of the format as sources detect it."""

_FASTEST = 1  # compression level: the demo writes more than it keeps


def write_spans(path: Path, batches: Iterable[SpanBatch], *, format: str = "jaeger") -> None:  # noqa: A002 - its name
    """Write batches as they come to one file; ``.gz`` and ``.zst`` at the end of its name compress it.

    Raises:
        KeyError: ``format`` is none of FORMATS.
    """
    pieces = FORMATS[format](batches)
    with path.open("wb") as file, _compressed(file, path.suffix) as sink:
        for piece in pieces:
            sink.write(piece)


def _compressed(file: BinaryIO, suffix: str) -> AbstractContextManager[BinaryIO]:
    if suffix == ".gz":
        # Neither name nor time, so that equal spans give equal files.
        return cast(
            "AbstractContextManager[BinaryIO]", gzip.GzipFile("", "wb", compresslevel=_FASTEST, fileobj=file, mtime=0)
        )
    if suffix == ".zst":
        return cast(
            "AbstractContextManager[BinaryIO]",
            zstandard.ZstdCompressor(level=_FASTEST).stream_writer(file, closefd=False),
        )
    return file
