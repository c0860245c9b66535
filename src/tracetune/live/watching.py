"""Whether and where tracetune's own spans are sent: by its settings, else by OpenTelemetry's variables."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from tracetune import __version__
from tracetune.errors import InvalidSettings
from tracetune.settings import ServeSettings
from tracetune.sinks.own_traces import OwnTraces

_OWN_NAME = "tracetune"


def own_name(serve: ServeSettings, environment: Mapping[str, str]) -> str:
    """The service that this process is among spans; received spans of it are left out."""
    return serve.own_service_name or environment.get("OTEL_SERVICE_NAME", "") or _OWN_NAME


def own_traces(serve: ServeSettings, environment: Mapping[str, str]) -> OwnTraces | None:
    """The sender of own spans; None where nobody said where to.

    Source: OpenTelemetry specification 1.48, "OpenTelemetry Protocol Exporter": the endpoint for all signals gets
    ``/v1/traces`` appended, the one for traces is used as it is; headers are ``name=value`` by commas.

    Raises:
        InvalidSettings: the address is none.
    """
    if environment.get("OTEL_SDK_DISABLED", "").casefold() == "true":
        return None
    base = serve.own_traces_url or environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    url = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "") if not serve.own_traces_url else ""
    url = url or (f"{base.rstrip('/')}/v1/traces" if base else "")
    if not url:
        return None
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise InvalidSettings(
            f"own spans cannot be sent to {url!r}",
            hint="set serve.own_traces_url (or OTEL_EXPORTER_OTLP_ENDPOINT) to OTLP over HTTP, as http://collector:4318",
        )
    headers = environment.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS", environment.get("OTEL_EXPORTER_OTLP_HEADERS", ""))
    return OwnTraces(url, own_name(serve, environment), __version__, _headers(headers))


def _headers(text: str) -> dict[str, str]:
    """Names in lower case, values without their escapes.

    >>> _headers("Authorization=Bearer%20secret, x-tenant=a")
    {'authorization': 'Bearer secret', 'x-tenant': 'a'}
    """
    pairs = (each.partition("=") for each in text.split(",") if "=" in each)
    return {name.strip().casefold(): unquote(value.strip()) for name, _, value in pairs}
