"""Decodes whole requests, as receivers and the journal hand them over, into one batch of spans each."""

from __future__ import annotations

import io
import zlib
from collections import Counter
from collections.abc import Iterable
from enum import IntEnum

import zstandard

from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.errors import InvalidInput
from tracetune.ports import SpanReader
from tracetune.sources import zipkin_protobuf
from tracetune.sources.jaeger import JaegerReader
from tracetune.sources.otlp_decode import OtlpDecoder
from tracetune.sources.otlp_json import OtlpJsonReader
from tracetune.sources.zipkin import ZipkinReader, ZipkinV1Reader


class Format(IntEnum):
    """What a request holds. The numbers stand in journals: they never change."""

    OTLP_PROTOBUF = 1
    OTLP_JSON = 2
    ZIPKIN_JSON = 3
    ZIPKIN_PROTOBUF = 4
    ZIPKIN_V1_JSON = 5
    JAEGER_JSON = 6


class TooLarge(InvalidInput):
    """A request, or what it is decompressed to, is larger than allowed."""

    http_status = 413


class PayloadDecoder:
    """Decodes request after request; strings met before are not decoded again. Not for two threads at once."""

    def __init__(self) -> None:
        self._otlp = OtlpDecoder()
        self._readers: dict[Format, SpanReader] = {
            Format.OTLP_JSON: OtlpJsonReader(),
            Format.ZIPKIN_JSON: ZipkinReader(),
            Format.ZIPKIN_V1_JSON: ZipkinV1Reader(),
            Format.JAEGER_JSON: JaegerReader(),
        }

    def decode(self, kind: Format, data: bytes) -> Decoded:
        """The spans of one request.

        Raises:
            InvalidInput: it cannot be read to its end; nothing of it is given.
        """
        if kind is Format.OTLP_PROTOBUF:
            return self._otlp.decode(data)
        if kind is Format.ZIPKIN_PROTOBUF:
            return zipkin_protobuf.decode(data)
        if data.lstrip()[:1] not in (b"{", b"["):
            raise InvalidInput("the body is not JSON", hint="send it again; it seems damaged")
        return _joined(self._readers[kind].read(io.BytesIO(data)))


def _joined(pieces: Iterable[Decoded]) -> Decoded:
    batches: list[SpanBatch] = []
    rejected: Counter[str] = Counter()
    for piece in pieces:
        batches.append(piece.spans)
        rejected.update(piece.rejected)
    return Decoded(batches[0] if len(batches) == 1 else SpanBatch.concat(batches), dict(rejected))


def decompressed(data: bytes, encoding: str, most_bytes: int) -> bytes:
    """A body without its Content-Encoding.

    Raises:
        TooLarge: it holds more than ``most_bytes``; no more than that was ever made of it.
        InvalidInput: it is not of that encoding, or the encoding is not known.
    """
    try:
        if encoding in ("", "identity"):
            found = data
        elif encoding in ("gzip", "deflate"):
            found = _inflated(data, most_bytes)
        elif encoding == "zstd":
            found = zstandard.ZstdDecompressor().stream_reader(data).read(most_bytes + 1)
        else:
            raise InvalidInput(f"the encoding {encoding!r} is not known", hint="send gzip, zstd, or no encoding")
    except (zlib.error, zstandard.ZstdError) as error:
        raise InvalidInput(f"the body is not {encoding}: {error}", hint="send it again; it seems damaged") from error
    if len(found) > most_bytes:
        raise TooLarge(f"the body holds more than {most_bytes:,} bytes", hint="send smaller batches")
    return found


def _inflated(data: bytes, most_bytes: int) -> bytes:
    """One member, as every client sends; a second one behind it would be another request."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by the head
    found = stream.decompress(data, most_bytes + 1)
    if not stream.eof and len(found) <= most_bytes:
        raise InvalidInput("the compressed body is cut off", hint="send it again")
    return found
