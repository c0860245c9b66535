from __future__ import annotations

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/", "/services/payments", "/incidents/INC-3f9c", "/services/a.b.c"])
def test_every_address_that_is_no_file_is_the_page_itself(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<base href="/">' in answer.text
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/nope.js", "/api/nope", "/api/v1/nope/nope"])
def test_a_missing_file_or_route_is_no_page(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/..%2f..%2fapp.py", "/%2e%2e/app.py", "/static/..%5capp.py", "/a%00b"])
def test_no_address_leads_out_of_the_folder_of_pages(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert "create_app" not in answer.text
    assert "import" not in answer.text
