from __future__ import annotations

import dataclasses

from starlette.testclient import TestClient
from tests.api.conftest import local_client

from tracetune.api.app import create_app
from tracetune.live.publisher import Publisher, Snapshot
from tracetune.live.status import Status


def test_the_server_is_ready_when_its_process_says_so() -> None:
    publisher = Publisher()
    client: TestClient = local_client(create_app(publisher))

    before = client.get("/readyz")
    publisher.publish(dataclasses.replace(Snapshot(), status=Status(ready=True)))
    after = client.get("/readyz")

    assert (before.status_code, after.status_code) == (503, 200)
    assert client.get("/healthz").status_code == 200


def test_before_the_first_span_every_page_has_an_answer() -> None:
    client = local_client(create_app(Publisher()))

    for path in (
        "",
        "overview",
        "graph",
        "strips",
        "services",
        "anomalies",
        "incidents",
        "scaling",
        "models",
        "data/problems",
    ):
        assert client.get(f"/api/v1/{path}").status_code == 200, path
