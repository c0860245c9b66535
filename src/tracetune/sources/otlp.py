"""Reads files of OTLP protobuf: one request, or a stream of length-delimited ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from tracetune.domain.spans import Decoded
from tracetune.sources.otlp_frames import Part, delimited_parts, field_parts


class OtlpProtobufReader:
    """A file of one request, of any size: it is read a few ResourceSpans at a time."""

    format = "otlp_protobuf"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        yield from _decoded(field_parts(stream))


class OtlpDelimitedReader:
    """A stream of requests, each behind its length."""

    format = "otlp_delimited"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        """The spans of the stream, in its order."""
        yield from _decoded(delimited_parts(stream))


def _decoded(parts: Iterator[Part]) -> Iterator[Decoded]:
    # Only this format needs compiled code: whoever reads another does not wait for numba to load.
    from tracetune.sources.otlp_decode import OtlpDecoder, malformed  # noqa: PLC0415

    decoder = OtlpDecoder()
    for part in parts:
        decoded, stopped_at = decoder.decode_part(part)
        yield decoded
        if stopped_at >= 0:
            raise malformed(stopped_at)
