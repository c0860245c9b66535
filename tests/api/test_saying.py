from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tracetune.api.windows import rfc3339


def test_an_event_is_recorded_and_shown_everywhere(client: TestClient, now: float) -> None:
    made = client.post("/api/v1/events", json={"text": "load test", "service_name": "payments", "time": "now-11h"})

    assert made.status_code == 201
    assert made.json()["time"] == rfc3339(now - 11 * 3_600)
    assert [each["text"] for each in client.get("/api/v1/events").json()] == ["load test"]
    assert [each["text"] for each in client.get("/api/v1/overview").json()["events"]] == ["load test"]
    timeline = client.get("/api/v1/incidents/INC-3f9c").json()["timeline"]
    assert ("event", "load test") in [(each["kind"], each["text"]) for each in timeline]


def test_a_link_that_could_run_a_script_is_refused(client: TestClient) -> None:
    assert client.post("/api/v1/events", json={"text": "x", "link": "javascript:alert(1)"}).status_code == 400


def test_a_snooze_shows_on_its_incident_until_it_is_taken_back(client: TestClient, now: float) -> None:
    made = client.post("/api/v1/snoozes", json={"incident_id": "INC-3f9c", "lasts": "30m", "reason": "known"})

    shown = client.get("/api/v1/incidents/INC-3f9c").json()["incident"]
    assert made.json()["kind"] == "snooze"
    assert shown["snoozed_until"] == rfc3339(now + 1_800) == made.json()["until"]
    assert client.delete(f"/api/v1/snoozes/{made.json()['id']}").status_code == 204
    assert client.get("/api/v1/incidents/INC-3f9c").json()["incident"]["snoozed_until"] is None


def test_only_an_incident_can_be_silenced_until_it_is_resolved(client: TestClient) -> None:
    once = client.post("/api/v1/snoozes", json={"incident_id": "INC-3f9c", "lasts": "resolved"})
    for_ever = client.post("/api/v1/snoozes", json={"service_name": "payments", "lasts": "resolved"})

    assert once.json()["until"] == "resolved"
    assert for_ever.status_code == 400
    assert "30 days" in for_ever.json()["detail"]


def test_a_maintenance_window_may_begin_later(client: TestClient, now: float) -> None:
    start = rfc3339(now + 3_600)

    made = client.post("/api/v1/snoozes", json={"service_name": "payments", "start": start, "lasts": "1h"}).json()

    assert (made["kind"], made["start"], made["until"]) == ("maintenance", start, rfc3339(now + 7_200))
    assert client.get("/api/v1/incidents/INC-3f9c").json()["incident"]["snoozed_until"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"incident_id": "INC-none"},
        {"incident_id": "INC-3f9c", "lasts": "a while"},
        {"incident_id": "INC-3f9c", "until": "2020-01-01T00:00:00Z"},
        {"service_name": "payments", "kind": "coffee"},
        {"service": "payments"},
    ],
)
def test_a_silence_that_makes_no_sense_is_refused_with_a_hint(client: TestClient, body: dict[str, str]) -> None:
    answer = client.post("/api/v1/snoozes", json=body)

    assert answer.status_code in (400, 404)
    assert answer.json()["hint"]


def test_feedback_takes_effect_at_once_and_can_be_undone(client: TestClient) -> None:
    before = client.get("/api/v1/overview").json()["headline"]

    said = client.post("/api/v1/feedback", json={"id": "INC-3f9c", "comment": "a load test"})

    assert said.status_code == 201
    assert len(said.json()) == 3
    assert "no alerts about" in said.json()[0]["effect"]
    assert client.get("/api/v1/incidents/INC-3f9c").json()["incident"]["dismissed"] is True
    assert client.get("/api/v1/overview").json()["headline"] != before
    for each in said.json():
        assert client.delete(f"/api/v1/feedback/{each['id']}").status_code == 204
    assert client.get("/api/v1/overview").json()["headline"] == before


def test_feedback_on_one_anomaly_leaves_the_others(client: TestClient) -> None:
    client.post("/api/v1/feedback", json={"id": "a-000001"})

    found = client.get("/api/v1/anomalies").json()

    assert {each["id"] for each in found if each["dismissed"]} == {"a-000001"}


def test_what_is_not_there_cannot_be_taken_back(client: TestClient) -> None:
    assert client.delete("/api/v1/feedback/f-none").status_code == 404
    assert client.delete("/api/v1/snoozes/s-none").status_code == 404
    assert client.post("/api/v1/feedback", json={"id": "a-none"}).status_code == 404


def test_a_body_that_is_no_json_is_refused_with_what_to_send(client: TestClient) -> None:
    answer = client.post("/api/v1/feedback", content=b"{", headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert "comment" in answer.json()["hint"]


def test_without_channels_there_is_nothing_to_test(client: TestClient) -> None:
    assert client.post("/api/v1/alerts/test").json() == []
    assert client.get("/api/v1/alerts").json() == []
