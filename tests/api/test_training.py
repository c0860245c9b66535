from __future__ import annotations

from starlette.testclient import TestClient
from tests.api.conftest import local_client

from tracetune.api.app import Options, create_app
from tracetune.api.snapshots import fixed
from tracetune.domain.analysis import Analysis
from tracetune.live.jobs import Jobs


def _client(shop: Analysis, jobs: Jobs) -> TestClient:
    return local_client(create_app(fixed(shop), options=Options(jobs=jobs, clock=lambda: 130.0)))


def test_a_training_is_asked_for_and_followed_to_its_end(shop: Analysis) -> None:
    jobs = Jobs(clock=iter((60.0, 100.0, 160.0)).__next__)
    client = _client(shop, jobs)

    answer = client.post("/api/v1/models/train")
    asked = answer.json()
    jobs.began("30 series of 1440 minutes", steps=lambda: (2, 6))
    running = client.get(answer.headers["location"]).json()
    jobs.ended()
    done = client.get("/api/v1/jobs").json()

    assert (answer.status_code, asked["state"], asked["began"]) == (202, "waiting", None)
    assert (running["done"], running["total"], running["seconds"], running["seconds_left"]) == (2, 6, 30.0, 60.0)
    assert running["text"] == "30 series of 1440 minutes"
    assert [(each["id"], each["state"], each["seconds"]) for each in done] == [(asked["id"], "done", 60.0)]


def test_a_training_is_cancelled(shop: Analysis) -> None:
    client = _client(shop, Jobs())
    job_id = client.post("/api/v1/models/train").json()["id"]

    assert client.delete(f"/api/v1/jobs/{job_id}").json()["state"] == "cancelled"
    assert client.delete(f"/api/v1/jobs/{job_id}").status_code == 409


def test_a_job_that_is_not_known_is_said_with_those_that_are(shop: Analysis) -> None:
    answer = _client(shop, Jobs()).get("/api/v1/jobs/job-none")

    assert answer.status_code == 404
    assert "known: none" in answer.json()["hint"]


def test_a_server_that_shows_files_says_that_it_learns_nothing(client: TestClient) -> None:
    assert client.post("/api/v1/models/train").status_code == 503
    assert "serve" in client.post("/api/v1/models/train").json()["hint"]
    assert client.get("/api/v1/jobs").json() == []
