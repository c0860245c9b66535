"""The Collector's tables in ClickHouse as a trace store to pull from: a store's reader behind a source's protocol."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from tracetune.sources.payloads import Format
from tracetune.sources.pull import Window
from tracetune.stores.otel_traces import OtelTraces


class OtelTables:
    """See ``sources.pull.TraceStore``."""

    name = "clickhouse"
    format = Format.OTLP_JSON

    def __init__(self, dsn: str) -> None:
        address = urlsplit(dsn)
        self.address = f"{address.scheme}://{address.hostname or ''}{address.path}"  # without the password
        self._traces = OtelTraces(dsn)

    def fetch(self, window: Window) -> Iterator[bytes]:
        """Everything that began in the window."""
        return self._traces.fetch(window.start, window.end)
