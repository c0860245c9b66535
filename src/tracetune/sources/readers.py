"""The registry of file formats: the reader of each format that ``detect`` can tell."""

from __future__ import annotations

from collections.abc import Mapping

from tracetune.ports import SpanReader
from tracetune.sources.jaeger import JaegerReader
from tracetune.sources.opensearch import OpenSearchReader
from tracetune.sources.otlp import OtlpDelimitedReader, OtlpProtobufReader
from tracetune.sources.otlp_json import OtlpJsonLinesReader, OtlpJsonReader
from tracetune.sources.zipkin import ZipkinReader, ZipkinV1Reader


def readers() -> Mapping[str, SpanReader]:
    """Every reader by its format's name."""
    every: tuple[SpanReader, ...] = (
        JaegerReader(),
        ZipkinReader(),
        ZipkinV1Reader(),
        OpenSearchReader(),
        OtlpJsonReader(),
        OtlpJsonLinesReader(),
        OtlpProtobufReader(),
        OtlpDelimitedReader(),
    )
    return {reader.format: reader for reader in every}
