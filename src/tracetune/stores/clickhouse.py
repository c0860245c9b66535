"""A connection to ClickHouse: the engine inside this process over a directory, or a server."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from tracetune.errors import InvalidInput, InvalidSettings, Unavailable
from tracetune.stores.owner import Owner

_STEPS = ("schema.sql", "schema_2.sql", "schema_3.sql")
"""What leads to the newest tables: step n makes version n out of version n - 1. A step, once released, never changes."""

SCHEMA_VERSION = len(_STEPS)

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (version UInt32) ENGINE = MergeTree ORDER BY version"

_ARROW_SETTINGS = {"output_format_arrow_string_as_string": 1, "output_format_arrow_fixed_string_as_fixed_byte_array": 1}


class ClickHouse:
    """An open store with its tables made; threads take turns.

    Args:
        dsn: ``chdb:///DIRECTORY`` for the embedded engine, of which a process has one directory at a time, or
            ``https://USER:PASSWORD@HOST:8443/DATABASE``.

    Raises:
        InvalidSettings: The address or the directory cannot be used.
        Conflict: Another store of this or another process has the directory.
        Unavailable: The engine is not installed, or the server does not answer.
        InvalidInput: The tables were made by another version of tracetune.
    """

    def __init__(self, dsn: str) -> None:
        address = urlsplit(dsn)
        if address.scheme not in {"chdb", "http", "https"}:
            raise InvalidSettings(
                f"the store {without_password(dsn)!r} has no kind that is known",
                hint="use chdb:///DIRECTORY or https://USER:PASSWORD@HOST:8443/DATABASE",
            )
        self._owner = Owner(Path(address.path)) if address.scheme == "chdb" else None
        self._lock = threading.Lock()  # a session answers one question at a time
        try:
            self._client = connect(dsn)
            with _told("make its tables"):
                self._make_tables()
        except BaseException:
            self._release()
            raise

    def say(self, address: str) -> None:
        """Tell whoever finds the store in use where its owner can be asked."""
        if self._owner:
            self._owner.say(address)

    def insert(self, table_name: str, rows: pa.Table, *, write_id: str = "") -> None:
        """Add rows; they are on disk, or with the server, when this returns.

        Args:
            table_name: one of the schema's tables.
            rows: with the table's columns.
            write_id: rows of an id that the table had lately are not added again; "" adds whatever comes.

        Raises:
            Unavailable: The engine cannot write, as when the disk is full.
        """
        if not len(rows):
            return
        # Without one the engine would leave out rows that equal those of another write.
        settings = {"insert_deduplication_token": write_id or uuid.uuid4().hex}
        with self._lock, _told(f"write {table_name}"):
            self._client.insert_arrow(table_name, rows, settings=settings)

    def query(self, sql: str, parameters: Mapping[str, Any]) -> pa.Table:
        """The answer as an Arrow table; ``{name:Type}`` in the text stands for a parameter.

        Raises:
            Unavailable: The engine cannot answer.
        """
        with self._lock, _told("read"):
            return self._client.query_arrow(sql, parameters=dict(parameters), settings=_ARROW_SETTINGS)

    def command(self, sql: str) -> None:
        """Run a statement of ours that gives nothing back; values never belong into its text.

        Raises:
            Unavailable: The engine cannot, as when the disk is full.
        """
        with self._lock, _told("change"):
            self._client.command(sql)

    def close(self) -> None:
        """End the connection; an embedded engine stops."""
        self._client.close()
        self._release()

    def _make_tables(self) -> None:
        self._client.command(_VERSIONS)
        found = self._client.query("SELECT max(version) FROM schema_version").result_rows[0][0]
        if found > SCHEMA_VERSION:
            self._client.close()
            raise InvalidInput(
                f"the store has tables of version {found}, and this tracetune works with version {SCHEMA_VERSION}",
                hint="use the tracetune that made it, or name another store",
            )
        for version, step in list(enumerate(_STEPS, start=1))[found:]:
            text = resources.files("tracetune.stores").joinpath(step).read_text(encoding="utf-8")
            for statement in re.sub(r"--.*", "", text).split(";"):
                if statement.strip():
                    self._client.command(statement)
            self._client.insert("schema_version", [[version]], column_names=["version"])

    def _release(self) -> None:
        if self._owner:
            self._owner.release()


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Have the engine's errors said in our words."""
    from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415 - loaded with the store

    try:
        yield
    except ClickHouseError as error:
        raise Unavailable(
            f"the store cannot {what}: {_first_line(error)}", hint="look at its disk's space and rights"
        ) from None


def connect(dsn: str) -> Any:  # noqa: ANN401 - the client has no types
    """A client of the engine or the server that ``dsn`` names.

    Raises:
        Unavailable: it is not installed, or does not answer.
    """
    try:
        import clickhouse_connect  # noqa: PLC0415 - heavy: only who opens a store pays for it
        from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415

        if dsn.startswith("chdb:"):
            import chdb  # noqa: F401, PLC0415 - so that its absence shows here
    except ImportError as error:
        raise Unavailable(
            f"the store's engine is not installed: {error}", hint="pip install clickhouse-connect chdb-core-lite"
        ) from None
    try:
        # The client takes TLS from the port alone where it is not told: https:// on any but 443 and 8443 would be plain text.
        return clickhouse_connect.get_client(dsn=dsn, interface=urlsplit(dsn).scheme)
    except ClickHouseError as error:
        raise Unavailable(
            f"the store {without_password(dsn)} cannot be opened: {_first_line(error)}",
            hint="look whether the server runs, and at user and password; for a directory, at its space and rights",
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]


def without_password(dsn: str) -> str:
    """A store's address as people may see it.

    >>> without_password("https://writer:secret@box:8443/traces?password=secret&secure=1")
    'https://writer:***@box:8443/traces?password=***&secure=1'
    """
    return re.sub(r"([?&]password=)[^&]*", r"\1***", re.sub(r"(//[^:/@]*):[^@]*@", r"\1:***@", dsn))
