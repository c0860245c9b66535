"""Sends alerts to Prometheus Alertmanager, again and again while they fire, as it expects of its clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from tracetune.domain.alerts import Alert, Told, worse
from tracetune.errors import Unavailable

RESEND_SECONDS = 60.0
"""How often a firing alert is sent again."""

LASTS_SECONDS = 240.0
"""An alert ends by itself so long after it was last sent: four missed sendings, as Prometheus does with its own."""

SKEW_SECONDS = 5.0
"""An end lies so far in the past: one in Alertmanager's future would not count as an end, and its clock may be behind."""

LONGEST_SILENCE_SECONDS = 30 * 86_400.0
NAME = "TracetuneIncident"


class Alertmanager:
    """A client of the API v2 of one Alertmanager.

    Source: Alertmanager, "Clients" and the OpenAPI file of its v2 API.
    """

    name = "alertmanager"

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._client = client

    async def fire(self, alerts: Sequence[tuple[Alert, Told]], now: float) -> None:
        """Send these alerts as firing; those that are open last LASTS_SECONDS from now, others end now.

        Raises:
            Unavailable: it is away, or refused them.
        """
        if alerts:
            await self._post("/api/v2/alerts", [payload(alert, told, now) for alert, told in alerts])

    async def silence(self, alert: Alert, now: float) -> str:
        """Ask it to notify nobody of this alert until its silence ends; the silence's id.

        Raises:
            Unavailable: it is away, or refused it.
        """
        ends = min(alert.silenced_until, now + LONGEST_SILENCE_SECONDS)
        body = {
            "matchers": [{"name": "incident", "value": alert.key, "isRegex": False, "isEqual": True}],
            "startsAt": _time(now),
            "endsAt": _time(ends),
            "createdBy": "tracetune",
            "comment": f"snoozed in tracetune: {alert.headline}",
        }
        answer = await self._post("/api/v2/silences", body)
        return str(answer.json()["silenceID"])

    async def lift(self, silence_id: str) -> None:
        """End a silence; one that has ended already is fine.

        Raises:
            Unavailable: it is away.
        """
        try:
            answer = await self._client.delete(f"{self._url}/api/v2/silence/{silence_id}")
        except httpx.HTTPError as error:
            raise _away(self._url, error) from error
        if answer.status_code not in (200, 404, 500):  # 500: it is expired, in versions before 0.26
            raise _refused(self._url, answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, path: str, body: Any) -> httpx.Response:  # noqa: ANN401 - JSON
        try:
            answer = await self._client.post(self._url + path, json=body)
        except httpx.HTTPError as error:
            raise _away(self._url, error) from error
        if answer.status_code != httpx.codes.OK:
            raise _refused(self._url, answer)
        return answer


def payload(alert: Alert, told: Told, now: float) -> dict[str, Any]:
    """One alert as the API takes it: labels say which it is and never change, annotations say how it is."""
    # Spans may come from a clock ahead of ours, and Alertmanager refuses a batch with one alert that ends before it starts.
    starts = min(alert.starts, now)
    annotations = {
        "summary": alert.headline,
        "cause": alert.cause or "nobody in particular",
        **{name: text for name, text in alert.details.items() if text},
    }
    return {
        "labels": {
            "alertname": NAME,
            "incident": alert.key,
            "service": told.service,
            "severity": worse(alert.severity, told.severity).value,
        },
        "annotations": annotations,
        "startsAt": _time(starts),
        "endsAt": _time(now + LASTS_SECONDS if alert.is_open else max(now - SKEW_SECONDS, starts + 0.001)),
        **({"generatorURL": alert.link} if alert.link else {}),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _away(url: str, error: Exception) -> Unavailable:
    return Unavailable(f"Alertmanager at {url} is away: {error or type(error).__name__}", hint="it is tried again")


def _refused(url: str, answer: httpx.Response) -> Unavailable:
    return Unavailable(
        f"Alertmanager at {url} answered {answer.status_code}: {answer.text[:200]}",
        hint="it must be version 0.16 or later, with API v2",
    )
