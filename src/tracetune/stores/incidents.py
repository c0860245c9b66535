"""Incidents in ClickHouse: the newest version of each, as a document."""

from __future__ import annotations

import pyarrow as pa

from tracetune.stores.clickhouse import ClickHouse


class ClickHouseIncidents:
    """Keeps a document a incident, with what it is looked up by. It shares the database and does not close it."""

    def __init__(self, database: ClickHouse) -> None:
        self._database = database

    def write(self, incident_id: str, *, onset: int, changed: int, document: str) -> None:
        """Put a version of an incident; the one with the greatest ``changed`` (a minute) counts."""
        rows = {"id": [incident_id], "onset": [onset], "changed": [changed], "document": [document]}
        schema = pa.schema({"id": pa.string(), "onset": pa.int32(), "changed": pa.int32(), "document": pa.string()})
        self._database.insert("incidents", pa.table(rows, schema=schema))

    def read(self, first_minute: int, last_minute: int) -> list[str]:
        """The documents of incidents with an onset in ``[first_minute, last_minute)``, by onset."""
        found = self._database.query(_QUERY, {"first": first_minute, "last": last_minute})
        documents: list[str] = found["document"].to_pylist()
        return documents


_QUERY = "SELECT document FROM incidents FINAL WHERE onset >= {first:Int32} AND onset < {last:Int32} ORDER BY onset, id"
