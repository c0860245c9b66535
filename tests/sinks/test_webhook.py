from __future__ import annotations

import asyncio
import dataclasses

import httpx
import pytest
from tests.api.real import receiver

from tracetune.domain.alerts import Alert, Occasion
from tracetune.domain.anomalies import Severity
from tracetune.errors import Unavailable
from tracetune.sinks.webhook import Slack, Webhook

ALERT = Alert(
    "INC-1",
    Severity.CRITICAL,
    "payments",
    "payments",
    "checkout is slow because of payments",
    {"numbers": "p95 1 s, expected 0.1 s", "since": "2026-03-01T12:00:00Z"},
    600.0,
    is_open=True,
    link="https://box/incidents/INC-1",
)


def _send(kind: type[Webhook], url: str, alert: Alert, occasion: Occasion) -> None:
    async def send() -> None:
        async with httpx.AsyncClient() as client:
            await kind(url, client).tell(alert, occasion)

    asyncio.run(send())


def test_a_message_arrives_as_json_with_a_key_that_repeats() -> None:
    with receiver() as found:
        for _ in range(2):
            _send(Webhook, found.url, ALERT, Occasion.OPENED)
        (headers, body), (again, _) = found.received.get(), found.received.get()

    assert body["headline"] == ALERT.headline
    assert (body["incident"], body["occasion"], body["cause"]) == ("INC-1", "opened", "payments")
    assert body["link"] == ALERT.link
    assert headers["idempotency-key"] == again["idempotency-key"]


def test_slack_is_sent_text_in_which_names_can_do_no_harm() -> None:
    hostile = dataclasses.replace(ALERT, headline="slow because of <!channel> & <https://evil.example|x>")

    with receiver() as found:
        _send(Slack, found.url, hostile, Occasion.ENDED)
        body = found.next()

    assert set(body) == {"text"}
    assert body["text"].startswith("*▲ Over: slow because of &lt;!channel&gt; &amp; &lt;https")
    assert "<https://box/incidents/INC-1|open>" in body["text"]
    assert "<!channel>" not in body["text"]


def test_a_refusal_is_told_without_the_secret_address() -> None:
    with receiver() as found:
        found.status = 403
        with pytest.raises(Unavailable) as caught:
            _send(Slack, found.url, ALERT, Occasion.OPENED)

    assert "403" in caught.value.message
    assert found.url not in caught.value.message


def test_a_receiver_that_is_away_is_told() -> None:
    with receiver() as found:
        url = found.url

    with pytest.raises(Unavailable, match="away"):
        _send(Webhook, url, ALERT, Occasion.OPENED)
