"""Sends messages to people by HTTP: as plain JSON, or as Slack and those that imitate it understand."""

from __future__ import annotations

from typing import Any

import httpx

from tracetune.domain.alerts import Alert, Occasion
from tracetune.domain.anomalies import Severity
from tracetune.errors import Unavailable

_GLYPHS = {Severity.CRITICAL: "▲", Severity.WARNING: "◆", Severity.MINOR: "■"}
_WORDS = {
    Occasion.OPENED: "",
    Occasion.CHANGED: "Now: ",
    Occasion.ENDED: "Over: ",
    Occasion.TEST: "Test: ",
}


class Webhook:
    """Posts one JSON object a message to an address of one's own."""

    name = "webhook"

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url
        self._client = client

    async def tell(self, alert: Alert, occasion: Occasion) -> None:
        """Send one message. A repetition of the same message has the same Idempotency-Key.

        Raises:
            Unavailable: the receiver is away, or answered anything but success.
        """
        key = f"{alert.key}:{occasion}:{alert.cause}:{alert.severity}"
        headers = {"idempotency-key": key.encode("ascii", "replace").decode()}
        try:
            answer = await self._client.post(self._url, json=self._body(alert, occasion), headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"the {self.name} is away: {type(error).__name__}", hint="it is tried again") from error
        if not answer.is_success:
            raise Unavailable(
                f"the {self.name} answered {answer.status_code}", hint="look at its address and its rights"
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _body(self, alert: Alert, occasion: Occasion) -> dict[str, Any]:
        return {
            "occasion": occasion.value,
            "incident": alert.key,
            "severity": alert.severity.value,
            "headline": alert.headline,
            "cause": alert.cause,
            "details": dict(alert.details),
            "link": alert.link,
        }


class Slack(Webhook):
    """The same as Slack's incoming webhooks take it; Mattermost, Rocket.Chat and Discord's /slack take it too.

    Source: Slack, "Sending messages using incoming webhooks"; "Formatting text for app surfaces" for the escapes.
    """

    name = "slack"

    def _body(self, alert: Alert, occasion: Occasion) -> dict[str, Any]:
        title = _escaped(f"{_GLYPHS[alert.severity]} {_WORDS[occasion]}{alert.headline}")
        numbers = _escaped(" ".join(alert.details.get(name, "") for name in ("numbers", "evidence")).strip())
        facts = _escaped(f"{alert.key} · {alert.severity} · since {alert.details.get('since', '')}")
        link = f" · <{_escaped(alert.link)}|open>" if alert.link else ""
        return {"text": f"*{title}*\n{numbers}\n{facts}{link}"}


def _escaped(text: str) -> str:
    """Names come from traces: they mention nobody and link to nothing."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
