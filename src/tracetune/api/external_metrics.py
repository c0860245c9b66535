"""Kubernetes' external metrics API: advised replicas and forecast load, for a HorizontalPodAutoscaler to follow."""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import orjson

from tracetune.api.guidance import advised_replicas
from tracetune.clock import Clock, system_clock
from tracetune.errors import InvalidInput, InvalidSettings
from tracetune.live.listeners import Listener, bind
from tracetune.live.publisher import Publisher
from tracetune.settings import ApiSettings

GROUP, VERSION = "external.metrics.k8s.io", "v1beta1"
ROOT = f"/apis/{GROUP}/{VERSION}"

SERVICE_LABEL = "service"
"""The label by which an autoscaler's selector names a service, as traces do."""

_ASKED = re.compile(rf"{ROOT}/namespaces/[^/]+/([a-z0-9_]+)")
_EQUAL = re.compile(r"\s*service\s*={1,2}\s*([^,()=!]+?)\s*")


def _replicas(publisher: Publisher, service: str) -> float | None:
    return advised_replicas(publisher, service)


def _forecast(publisher: Publisher, service: str) -> float | None:
    """Calls a second, the 90th percentile of the forecast."""
    analysis = publisher.current().analysis
    for capacity in analysis.capacities if analysis else ():
        if capacity.service_name == service and math.isfinite(capacity.forecast_calls_per_second):
            return capacity.forecast_calls_per_second
    return None


METRICS: Mapping[str, Callable[[Publisher, str], float | None]] = {
    "tracetune_replicas_advised": _replicas,
    "tracetune_calls_per_second_forecast": _forecast,
}


class ExternalMetrics:
    """An ASGI application that answers the API server's aggregator; it reads, and has nothing to change.

    Where nothing can be said it gives no item: an autoscaler then keeps the replicas that there are.

    Source: k8s.io/metrics, pkg/apis/external_metrics/v1beta1; kubernetes.io, "Configure the Aggregation Layer".
    """

    def __init__(self, publisher: Publisher, clock: Clock = system_clock) -> None:
        self._publisher, self._clock = publisher, clock

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        del receive  # a request has no body here
        try:
            status, body = self._answer(scope["method"], scope["path"].rstrip("/"), scope["query_string"])
        except InvalidInput as error:
            status, body = 400, _status(400, "BadRequest", f"{error.message}; {error.hint}")
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": orjson.dumps(body)})

    def _answer(self, method: str, path: str, query: bytes) -> tuple[int, dict[str, Any]]:
        if method != "GET":
            return 405, _status(405, "MethodNotAllowed", f"{method} is not possible here")
        if path in ("/healthz", "/readyz", "/livez"):
            return 200, _status(200, "", "ok")
        if path == ROOT:
            return 200, _resources()
        asked = _ASKED.fullmatch(path)
        if asked is None or asked[1] not in METRICS:
            return 404, _status(404, "NotFound", f"no metric at {path}; there are {', '.join(METRICS)}")
        selector = parse_qs(query.decode("utf-8", "replace")).get("labelSelector", [""])[0]
        service = _EQUAL.fullmatch(selector)
        if service is None:
            raise InvalidInput(f"the selector {selector!r} names no service", hint="use matchLabels: {service: NAME}")
        return 200, self._values(asked[1], service[1])

    def _values(self, metric: str, service: str) -> dict[str, Any]:
        value = METRICS[metric](self._publisher, service)
        item = {
            "metricName": metric,
            "metricLabels": {SERVICE_LABEL: service},
            "timestamp": datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "value": f"{math.ceil(1000 * value)}m" if value is not None else "",
        }
        items = [item] if value is not None else []
        return {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {}, "items": items}


def _resources() -> dict[str, Any]:
    listed = {"singularName": "", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
    resources = [{"name": name, **listed} for name in METRICS]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{GROUP}/{VERSION}",
        "resources": resources,
    }


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    said = "Success" if code < 400 else "Failure"
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": said, "reason": reason, "message": message, "code": code,
    }  # fmt: skip


def external_metrics_tls(api: ApiSettings) -> ssl.SSLContext:
    """The API server's aggregator asks over TLS only, so without a certificate there is no such port.

    Raises:
        InvalidSettings: a file is missing or cannot be used.
    """
    if not (api.external_metrics_certificate and api.external_metrics_key):
        raise InvalidSettings(
            "api.external_metrics_port needs a certificate: Kubernetes asks over TLS only",
            hint="set api.external_metrics_certificate and api.external_metrics_key",
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(api.external_metrics_certificate, api.external_metrics_key)
        if api.external_metrics_client_ca:
            context.load_verify_locations(Path(api.external_metrics_client_ca))
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one
        raise InvalidSettings(
            f"the files of api.external_metrics_* cannot be used: {error}", hint="look at the certificate and its key"
        ) from error
    return context


async def serve_external_metrics(publisher: Publisher, host: str, port: int, tls: ssl.SSLContext) -> None:
    """Serve until cancelled.

    Raises:
        Conflict: the port is taken.
    """
    with bind(host, port, "external metrics", "api.external_metrics_port") as listening:
        listener = Listener(ExternalMetrics(publisher), listening, tls)
        try:
            await listener.serve()
        finally:
            listener.stop()
