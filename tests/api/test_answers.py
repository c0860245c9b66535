from __future__ import annotations

import csv
import io

from starlette.testclient import TestClient

from tracetune.api.answers import table
from tracetune.api.schemas import Neighbour, OperationItem, ServiceItem


def test_a_list_comes_as_csv_where_asked(client: TestClient) -> None:
    answer = client.get("/api/v1/services?format=csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    listed = client.get("/api/v1/services").json()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert [row["service_name"] for row in rows] == [each["service_name"] for each in listed]
    assert "course" not in rows[0], "nested values do not fit a cell"


def test_a_name_that_a_spreadsheet_would_run_is_defused() -> None:
    text = table([Neighbour("=cmd|' /C calc'!A0", "", 1, 0)])

    assert "'=cmd" in text


def test_an_unknown_number_is_an_empty_cell_and_texts_are_joined() -> None:
    rows = [
        OperationItem("a", "b", "", is_root=True, calls=0, errors=0, p50=None, p95=None, impact_seconds=0.0, course=[])
    ]

    assert table(rows).splitlines()[1].split(",")[6:8] == ["", ""]
    assert table([]) == ""
    assert "course" not in ServiceItem.__struct_fields__[:3]


def test_what_the_client_has_already_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/api/v1/services")

    again = client.get("/api/v1/services", headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_long_answers_are_compressed_and_short_ones_are_not(client: TestClient) -> None:
    assert client.get("/api/v1/services").headers.get("content-encoding") == "gzip"
    assert "content-encoding" not in client.get("/healthz").headers
