"""Whole requests of every format become the same spans; what is compressed is taken out in bounds."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from tests.live.parts import trace_of

from tracetune.domain.spans import SpanBatch
from tracetune.errors import InvalidInput
from tracetune.sources.payloads import Format, PayloadDecoder, TooLarge, decompressed
from tracetune.testing.checks import span_rows
from tracetune.testing.jaeger_writer import jaeger
from tracetune.testing.otlp_json_writer import otlp_json
from tracetune.testing.otlp_writer import otlp_protobuf
from tracetune.testing.zipkin_writer import zipkin_v1, zipkin_v2

WRITERS = {
    Format.OTLP_PROTOBUF: otlp_protobuf,
    Format.OTLP_JSON: otlp_json,
    Format.ZIPKIN_JSON: zipkin_v2,
    Format.ZIPKIN_V1_JSON: zipkin_v1,
    Format.JAEGER_JSON: jaeger,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_request_of_every_format_gives_its_spans(kind: Format) -> None:
    spans = SpanBatch.concat([trace_of(0, number) for number in range(3)])

    decoded = PayloadDecoder().decode(kind, b"".join(WRITERS[kind]([spans])))

    names = [(row[0], row[3]) for row in span_rows(decoded.spans)]
    assert names == [(row[0], row[3]) for row in span_rows(spans)]


@pytest.mark.parametrize("kind", Format)
def test_garbage_is_refused_whole(kind: Format) -> None:
    with pytest.raises(InvalidInput):
        PayloadDecoder().decode(kind, b"\xff\x00 no format of ours")


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_encoding_is_taken_off(encoding: str, compress: type[bytes]) -> None:
    assert decompressed(compress(b"spans" * 100), encoding, 1000) == b"spans" * 100


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_bomb_is_refused_without_being_unpacked(encoding: str, compress: type[bytes]) -> None:
    bomb = compress(bytes(64 << 20))
    tracemalloc.start()

    with pytest.raises(TooLarge, match="more than 1,000 bytes"):
        decompressed(bomb, encoding, 1000)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_body_that_is_not_compressed_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidInput, match=f"the body is not {encoding}"):
        decompressed(b"plain", encoding, 1000)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_body_that_is_cut_is_refused(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InvalidInput, match="cut off"):
        decompressed(compress(b"spans" * 100)[:-6], "gzip", 1000)


def test_unknown_encoding_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidInput, match="'br' is not known") as caught:
        decompressed(b"", "br", 1000)

    assert "gzip" in caught.value.hint
