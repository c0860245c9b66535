from __future__ import annotations

import re

from starlette.testclient import TestClient


def test_the_reference_is_a_page_without_scripts_or_other_origins(client: TestClient) -> None:
    answer = client.get("/api/docs")

    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert re.findall(r'(?:src|href)="(?:https?:)?//', answer.text) == []


def test_every_route_is_on_the_page_and_every_link_leads_somewhere(client: TestClient) -> None:
    text = client.get("/api/docs").text
    described = client.get("/api/openapi.json").json()

    assert [path for path in described["paths"] if f" {path}</code>" not in text] == []
    assert [name for name in re.findall(r'href="#(\w+)"', text) if f'id="{name}"' not in text] == []
