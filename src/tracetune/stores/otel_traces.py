"""Reads spans from the table that OpenTelemetry's ClickHouse exporter writes, as OTLP requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tracetune.errors import InvalidInput, Unavailable
from tracetune.stores.clickhouse import connect

ROWS = 5_000
"""Spans of one request; a window is read in pieces of so many, in the order of the table's time."""

_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_STATUS = {"ok": 1, "error": 2}

_QUERY = """
SELECT TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, SpanAttributes,
       toUnixTimestamp64Nano(Timestamp) AS start, Duration, StatusCode
FROM {table:Identifier}
WHERE Timestamp >= fromUnixTimestamp64Nano({start:Int64}) AND Timestamp < fromUnixTimestamp64Nano({end:Int64})
ORDER BY Timestamp, SpanId
LIMIT {rows:UInt32} OFFSET {skip:UInt64}
"""


class OtelTraces:
    """A table of spans in somebody else's ClickHouse, which is only ever read.

    Source: opentelemetry-collector-contrib, exporter/clickhouseexporter, table ``otel_traces``.

    Args:
        dsn: ``https://USER:PASSWORD@HOST:8443/DATABASE``.
        table: its name.
    """

    def __init__(self, dsn: str, table: str = "otel_traces") -> None:
        self._dsn, self._table = dsn, table
        self._client: Any = None

    def fetch(self, start: float, end: float) -> Iterator[bytes]:
        """The spans that began in [start, end), seconds since the Unix epoch, as OTLP JSON requests.

        Raises:
            Unavailable: the server does not answer.
            InvalidInput: there is no such table, or it is of another shape.
        """
        bounds = {"table": self._table, "start": round(start * 1e9), "end": round(end * 1e9), "rows": ROWS}
        skip = 0
        while True:
            rows = self._rows({**bounds, "skip": skip})
            if rows:
                yield _request(rows)
            if len(rows) < ROWS:
                return
            skip += ROWS

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()

    def _rows(self, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        from clickhouse_connect.driver.exceptions import (  # noqa: PLC0415 - loaded with the engine
            ClickHouseError,
            DatabaseError,
        )

        try:
            self._client = self._client or connect(self._dsn)
            rows: list[tuple[Any, ...]] = self._client.query(_QUERY, parameters=dict(parameters)).result_rows
        except DatabaseError as error:
            raise InvalidInput(
                f"{self._table} cannot be read: {str(error).partition(chr(10))[0][:300]}",
                hint="name the table that the Collector's ClickHouse exporter writes",
            ) from None
        except ClickHouseError as error:
            self._client = None
            raise Unavailable(f"ClickHouse does not answer: {str(error).partition(chr(10))[0][:300]}") from None
        return rows


def _request(rows: list[tuple[Any, ...]]) -> bytes:
    """One OTLP request; spans of equal resources lie side by side.

    Source: opentelemetry-proto, "OTLP/JSON encoding": ids in hex, 64-bit numbers as strings.
    """
    resources: dict[tuple[str, tuple[tuple[str, str], ...]], list[dict[str, Any]]] = {}
    for trace, span, parent, name, kind, service, resource, attributes, start, duration, status in rows:
        key = (service, tuple(sorted(resource.items())))
        resources.setdefault(key, []).append(
            {
                "traceId": trace,
                "spanId": span,
                "parentSpanId": parent,
                "name": name,
                "kind": _KINDS.get(_word(kind), 0),
                "startTimeUnixNano": str(start),
                "endTimeUnixNano": str(start + duration),
                "attributes": _attributes(attributes),
                "status": {"code": _STATUS.get(_word(status), 0)},
            }
        )
    document = [
        {
            "resource": {"attributes": _attributes({"service.name": service, **dict(resource)})},
            "scopeSpans": [{"spans": spans}],
        }
        for (service, resource), spans in resources.items()
    ]
    return msgspec.json.encode({"resourceSpans": document})


def _word(text: str) -> str:
    """``Server``, and ``SPAN_KIND_SERVER`` as older exporters write it."""
    return text.rpartition("_")[2].lower()


def _attributes(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
