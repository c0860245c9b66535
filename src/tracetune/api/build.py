"""Builds the server's application as the settings say: who may ask, where alerts go, where notes are kept."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from tracetune.api.access import Access, Role
from tracetune.api.alerting import Channel
from tracetune.api.app import Options, create_app
from tracetune.api.external_metrics import external_metrics_tls
from tracetune.domain.anomalies import Severity
from tracetune.errors import InvalidSettings, Unavailable
from tracetune.live.jobs import Jobs
from tracetune.live.publisher import Publisher
from tracetune.settings import AlertSettings, ApiSettings, Settings
from tracetune.sinks.alertmanager import Alertmanager
from tracetune.sinks.own_traces import OwnTraces
from tracetune.sinks.webhook import Slack, Webhook
from tracetune.stores.notes import NoteBook

NOTES_FILE = "notes.sqlite"
_PATIENCE_SECONDS = 10.0


def build(
    settings: Settings,
    publisher: Publisher,
    *,
    folder: Path | None = None,
    open_to_all: bool = False,
    jobs: Jobs | None = None,
    traces: OwnTraces | None = None,
) -> FastAPI:
    """The application.

    Args:
        settings: the groups ``api`` and ``alerts`` count.
        publisher: whose snapshots are served.
        folder: where snoozes, feedback and events are kept; None keeps them in memory.
        open_to_all: whether anybody may ask without a token, because somebody said so in words.
        jobs: trainings of this process; None where it learns nothing.
        traces: takes a span of each request; None takes none.

    Raises:
        InvalidSettings: an address that is none, or one token for two roles.
        Unavailable: the notes in ``folder`` cannot be used.
    """
    book = NoteBook(folder / NOTES_FILE if folder is not None else None)
    api = settings.api
    options = Options(
        access=access(api, open_to_all=open_to_all),
        prefix=f"/{api.prefix.strip('/')}" if api.prefix.strip("/") else "",
        links={name: link for name, link in _links(api) if link},
        channels=tuple(channels(settings.alerts)),
        external_url=_address("api.external_url", api.external_url).rstrip("/"),
        scaler_address=_scaler_address(settings),
        external_metrics=_external_metrics(settings),
        jobs=jobs,
        traces=traces,
    )
    return create_app(publisher, book, options)


def access(api: ApiSettings, *, open_to_all: bool = False) -> Access:
    """Who may do what.

    Raises:
        InvalidSettings: one token for two roles.
    """
    given = ((api.read_token, Role.READ), (api.ingest_token, Role.INGEST), (api.admin_token, Role.ADMIN))
    tokens = {token: role for token, role in given if token}
    if len(tokens) < sum(bool(token) for token, _ in given):
        raise InvalidSettings(
            "two of api.read_token, api.ingest_token and api.admin_token are equal; give each its own"
        )
    return Access(
        tokens=tokens,
        user_header=api.user_header.strip().casefold(),
        proxies=frozenset(_parts(api.proxies)),
        hosts=frozenset(each.casefold() for each in _parts(api.hosts)),
        open=open_to_all,
    )


def _scaler_address(settings: Settings) -> str:
    """Where KEDA's questions are answered; KEDA's calls bear no token, and are answered with numbers of replicas only.

    Raises:
        Unavailable: the extra is not installed.
    """
    if settings.api.keda_port < 0:
        return ""
    if find_spec("google.protobuf") is None:
        raise Unavailable("api.keda_port needs protobuf, which is not installed", hint="pip install 'tracetune[keda]'")
    return f"{settings.serve.host}:{settings.api.keda_port}"


def _external_metrics(settings: Settings) -> tuple[str, int, ssl.SSLContext] | None:
    """Where Kubernetes asks for external metrics.

    Raises:
        InvalidSettings: there is no certificate, or it cannot be used.
    """
    if settings.api.external_metrics_port < 0:
        return None
    return settings.serve.host, settings.api.external_metrics_port, external_metrics_tls(settings.api)


def channels(alerts: AlertSettings) -> Iterator[Channel]:
    """The ways out for alerts that are set.

    Raises:
        InvalidSettings: an address that is none.
    """
    if url := _address("alerts.alertmanager_url", alerts.alertmanager_url):
        yield Channel(Alertmanager(url, _client()), Severity(alerts.alertmanager_least))
    if url := _address("alerts.webhook_url", alerts.webhook_url):
        yield Channel(Webhook(url, _client()), Severity(alerts.webhook_least))
    if url := _address("alerts.slack_url", alerts.slack_url):
        yield Channel(Slack(url, _client()), Severity(alerts.slack_least))


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_PATIENCE_SECONDS)


def _links(api: ApiSettings) -> Iterator[tuple[str, str]]:
    for name in ("trace", "compare", "logs", "runbook"):
        yield name, _address(f"api.{name}_link", getattr(api, f"{name}_link"))


def _address(key: str, url: str) -> str:
    """The address, if it is one or empty; the message does not repeat it, because it may hold a secret."""
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        raise InvalidSettings(f"{key} is no address; use one that begins with https:// or http://")
    return url


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
