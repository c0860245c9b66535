"""Minutes in ClickHouse: written as they come, added up by the engine."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from tracetune.domain.histograms import HISTOGRAM
from tracetune.domain.minutes import EXEMPLARS, INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch
from tracetune.stores.clickhouse import ClickHouse

_SUMMED = {"operations": OPERATIONS, "links": LINKS, "instances": INSTANCES, "paths": PATHS}
_BY_MAXIMUM = frozenset({"max_concurrency"})


class ClickHouseMinutes:
    """A MinuteStore over an open ClickHouse, which it closes with itself.

    The tables of a batch are written one after the other, each under the write's id: a process that dies within
    ``write`` may have added some of them, and the same write done again adds the others only. The engine knows the ids
    of the last 1,000 insertions into a table and partition (``non_replicated_deduplication_window``).
    """

    def __init__(self, database: ClickHouse) -> None:
        self._database = database

    def write(self, minutes: MinuteBatch, *, write_id: str = "") -> None:
        """Add these minutes to what is stored, unless they were written under this id before."""
        for table_name in (*_SUMMED, "exemplars"):
            self._database.insert(table_name, getattr(minutes, table_name), write_id=write_id)

    def read(self, first_minute: int, last_minute: int) -> MinuteBatch:
        """The minutes in ``[first_minute, last_minute)``, merged."""
        during = {"first": first_minute, "last": last_minute}
        tables = {
            name: _typed(self._database.query(_sum_query(name, schema), during), schema)
            for name, schema in _SUMMED.items()
        }
        return MinuteBatch(**tables, exemplars=_typed(self._database.query(_EXEMPLARS_QUERY, during), EXEMPLARS))

    def days(self) -> list[int]:
        """The days since the Unix epoch that have minutes, ascending."""
        found = self._database.query("SELECT DISTINCT intDiv(minute, 1440) AS day FROM operations ORDER BY day", {})
        days: list[int] = found["day"].to_pylist()
        return days

    def forget(self, before: Mapping[str, int], *, wait: bool = False) -> None:
        """Delete the rows of each table whose minute is before the one given for it.

        The engine does so in its own time, unless ``wait``: it writes whole parts anew.
        """
        for table_name, minute in before.items():
            if table_name not in {*_SUMMED, "exemplars"}:
                raise ValueError(f"{table_name} is no table of minutes")
            # A whole number into a text of our own: statements take no parameters.
            at_once = " SETTINGS mutations_sync = 1" if wait else ""
            self._database.command(f"ALTER TABLE {table_name} DELETE WHERE minute < {int(minute)}{at_once}")

    def close(self) -> None:
        """Give up the store."""
        self._database.close()


_WITHIN = "minute >= {first:Int32} AND minute < {last:Int32}"
_EXEMPLARS_QUERY = (
    f"SELECT {', '.join(EXEMPLARS.names)} FROM exemplars FINAL WHERE {_WITHIN} "  # noqa: S608 - our own names
    "ORDER BY minute, service_name, span_name, is_slowest"
)


def _sum_query(table_name: str, schema: pa.Schema) -> str:
    """The text that adds up a table; it is made of our own schema's names only, values are parameters."""
    keys = [field.name for field in schema if _aggregate(field) is None]
    # Qualified, because an alias of the same name would otherwise be taken as the argument.
    columns = [
        f"{_aggregate(field)}({table_name}.{field.name}) AS {field.name}" for field in schema if _aggregate(field)
    ]
    by = ", ".join(keys)
    return f"SELECT {', '.join([*keys, *columns])} FROM {table_name} WHERE {_WITHIN} GROUP BY {by} ORDER BY {by}"  # noqa: S608


def _aggregate(field: pa.Field) -> str | None:
    if field.name in _BY_MAXIMUM:
        return "max"
    if field.type.equals(HISTOGRAM):
        return "sumMap"
    return "sum" if field.type.equals(pa.int64()) else None


def _typed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The engine's answer in the domain's types."""
    return table.select(schema.names).cast(schema).combine_chunks()
