"""Stores open where they can, and say why where they cannot."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from tests.stores.clickhouse_http import PASSWORD, clickhouse_over_tls

from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import InvalidInput, InvalidSettings, Unavailable
from tracetune.stores.clickhouse import ClickHouse
from tracetune.stores.minutes import ClickHouseMinutes
from tracetune.stores.owner import Owner
from tracetune.testing.minutes import random_minutes, sorted_rows


def test_values_are_parameters_and_never_text_of_the_query(tmp_path: Path) -> None:
    hostile = "'); DROP TABLE operations; --{first:Int32}\\"

    with closing(ClickHouse(f"chdb://{tmp_path}")) as store:
        answer = store.query("SELECT {text:String} AS text, count() AS tables FROM operations", {"text": hostile})

    assert answer.to_pylist() == [{"text": hostile, "tables": 0}]


def test_store_of_another_version_is_refused_and_let_go(tmp_path: Path) -> None:
    with closing(ClickHouse(f"chdb://{tmp_path}")) as store:
        store.insert("schema_version", pa.table({"version": pa.array([99], pa.uint32())}))

    with pytest.raises(InvalidInput, match="tables of version 99, and this tracetune works with version 3"):
        ClickHouse(f"chdb://{tmp_path}")

    Owner(tmp_path).release()


def test_address_of_an_unknown_kind_is_refused_without_its_password() -> None:
    with pytest.raises(InvalidSettings, match="has no kind that is known") as caught:
        ClickHouse("postgres://me:secret@db/traces")

    assert "secret" not in caught.value.message
    assert "chdb:///DIRECTORY" in caught.value.hint


def test_server_that_does_not_answer_is_unavailable_and_its_password_is_kept() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = unused.getsockname()[1]

        with pytest.raises(Unavailable, match="cannot be opened") as caught:
            ClickHouse(f"http://me:secret@127.0.0.1:{port}/default")

    assert "secret" not in caught.value.message
    assert f"127.0.0.1:{port}" in caught.value.message


def test_https_is_tls_on_any_port_and_the_same_code_keeps_the_same_minutes(tmp_path: Path) -> None:
    with clickhouse_over_tls(tmp_path) as (url, authority):
        with closing(ClickHouseMinutes(ClickHouse(f"{url}?ca_cert={authority}"))) as store:
            for seed in (1, 1, 2):
                store.write(random_minutes(seed), write_id=f"w-{seed}")
            read, days = store.read(0, 2**31 - 1), store.days()
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            ClickHouse(url)
        with pytest.raises(Unavailable, match="Authentication failed"):
            ClickHouse(f"{url.replace(PASSWORD, 'wrong')}?ca_cert={authority}")

    assert sorted_rows(read) == sorted_rows(MinuteBatch.merge([random_minutes(1), random_minutes(2)]))
    assert days


def test_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidSettings, match="Not a directory"):
        ClickHouse(f"chdb://{tmp_path}/file/store")


def test_missing_engine_is_said_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)

    with pytest.raises(Unavailable, match="engine is not installed") as caught:
        ClickHouse(f"chdb://{tmp_path}")

    assert "chdb-core-lite" in caught.value.hint
    Owner(tmp_path).release()


def test_engine_is_loaded_only_by_who_opens_a_store() -> None:
    script = "import sys, tracetune.stores.minutes; print({'chdb', 'clickhouse_connect', 'pandas'} & set(sys.modules))"

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - ours

    assert run.stdout == "set()\n"
