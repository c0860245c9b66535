"""Reads what pods use of CPU and memory from Prometheus; it only ever asks, and only for one number a pod."""

from __future__ import annotations

import math
from typing import Any

import httpx
import msgspec

from tracetune.domain.usage import PodUsage
from tracetune.errors import InvalidInput, InvalidSettings, Unauthorized, Unavailable

TIMEOUT_SECONDS = 10.0
"""Who is slower is away, as far as a question about a day of a few series a pod is concerned."""

HISTORY_SECONDS = 86_400.0
"""Requests are judged by at least so much history, even where the traces are of an hour."""

_LEAST_SECONDS = 60.0
_STEPS = 60
_LEAST_STEP_SECONDS, _MOST_STEP_SECONDS = 1, 300
_RATE_SECONDS = 120  # the least window of a rate: four scrapes at the usual 30 seconds
_DURING = frozenset({"cpu_during_cores", "throttled_share"})
_OF_CONTAINERS = 'container!="",container!="POD",pod!=""'


class _Sample(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct):
    result: list[_Sample]


class _Answer(msgspec.Struct):
    status: str
    data: _Data | None = None
    error: str = ""


class PrometheusQuery:
    """CPU and memory by pod; see ``ports.UsageReader``.

    What is asked for are cAdvisor's ``container_*`` series, which every kubelet exposes, and kube-state-metrics'
    ``kube_pod_container_resource_*``; either may be missing.

    Source: Prometheus, "HTTP API" (``/api/v1/query``); Kubernetes, "Metrics for object states" and cAdvisor's Prometheus metrics.

    Args:
        url: of Prometheus, or of whatever answers its API (Thanos, Mimir, VictoriaMetrics), with its base path.
        token: sent as ``Authorization: Bearer``; empty sends none.
        timeout_seconds: for one answer.
    """

    def __init__(self, url: str, token: str = "", timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        try:
            address = httpx.URL(url.rstrip("/"))
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidSettings(f"{url!r} is no address of Prometheus: {error}") from None
        if address.scheme not in {"http", "https"} or not address.host:
            raise InvalidSettings(
                f"{url!r} is no address of Prometheus", hint="give one as http://prometheus.monitoring.svc:9090"
            )
        self.address = str(address.copy_with(username=None, password=None))  # shown; a password in it is not
        self._auth = (address.username, address.password) if address.username else None
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._seconds = timeout_seconds

    def read(self, start_unix_seconds: float, end_unix_seconds: float) -> tuple[PodUsage, ...]:
        """Every pod that used CPU in that time; see ``ports.UsageReader``."""
        at, during = end_unix_seconds, max(end_unix_seconds - start_unix_seconds, _LEAST_SECONDS)
        history = max(during, HISTORY_SECONDS)
        step = _step(history)
        asked = {
            "cpu_during_cores": _quantile(0.95, _cpu(_step(during)), during),
            "throttled_share": _throttled(during),
            "cpu_p50_cores": _quantile(0.5, _cpu(step), history),
            "cpu_p90_cores": _quantile(0.9, _cpu(step), history),
            "cpu_p95_cores": _quantile(0.95, _cpu(step), history),
            "memory_peak_bytes": f"max_over_time({_sum(_MEMORY)}[{history:.0f}s:{step}s])",
            "hours": f"count_over_time({_cpu(step)}[{history:.0f}s:{step}s]) * {step} / 3600",
            "cpu_request_cores": _asked_for("requests", "cpu", during),
            "cpu_limit_cores": _asked_for("limits", "cpu", during),
            "memory_request_bytes": _asked_for("requests", "memory", during),
            "memory_limit_bytes": _asked_for("limits", "memory", during),
        }
        found: dict[tuple[str, str], dict[str, Any]] = {}
        with self._client() as client:
            for name, query in asked.items():
                for key, value in self._ask(client, query, at).items():
                    if name in _DURING or key in found:
                        found.setdefault(key, {})[name] = value
        return tuple(PodUsage(*key, **found[key]) for key in sorted(found))

    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=self._seconds, headers=self._headers, auth=self._auth, trust_env=False)

    def _ask(self, client: httpx.Client, query: str, at: float) -> dict[tuple[str, str], float]:
        asked = {"query": query, "time": f"{at:.3f}", "timeout": f"{self._seconds:g}s"}
        answer = self._answer(client, asked)
        if answer.status != "success" or answer.data is None:
            raise InvalidInput(f"Prometheus at {self.address} refuses a query: {answer.error[:200]}")
        found = {}
        for each in answer.data.result:
            value = float(each.value[1])
            if math.isfinite(value):
                found[each.metric.get("namespace", ""), each.metric["pod"]] = value
        return found

    def _answer(self, client: httpx.Client, asked: dict[str, str]) -> _Answer:
        where = f"Prometheus at {self.address}"
        try:
            answer = client.post(f"{self.address}/api/v1/query", data=asked)
        except httpx.TimeoutException as error:
            raise Unavailable(
                f"{where} does not answer within {self._seconds:g} s",
                hint="advice works without it: leave --prometheus out",
            ) from error
        except httpx.HTTPError as error:
            raise Unavailable(
                f"{where} does not answer: {type(error).__name__}",
                hint="look at tune.prometheus_url; advice works without it",
            ) from error
        if answer.status_code in {401, 403}:
            raise Unauthorized(
                f"{where} answers {answer.status_code}", hint="set tune.prometheus_token to a token that may query it"
            )
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Unavailable(f"{where} answers {answer.status_code}", hint="try again later; advice works without it")
        return _parsed(answer, where)


def usage_reader(url: str, token: str) -> PrometheusQuery | None:
    """Who is asked; None where no address is given."""
    return PrometheusQuery(url, token) if url else None


def _parsed(answer: httpx.Response, where: str) -> _Answer:
    """The body; Prometheus answers errors of a query with 400 or 422 and JSON."""
    try:
        return msgspec.json.decode(answer.content, type=_Answer, strict=False)
    except msgspec.DecodeError:
        raise InvalidInput(
            f"{where} answers {answer.status_code} and no JSON of its API",
            hint="is it the address of the API, with its base path if it has one?",
        ) from None


_MEMORY = f"container_memory_working_set_bytes{{{_OF_CONTAINERS}}}"


def _step(seconds: float) -> int:
    return int(min(max(seconds / _STEPS, _LEAST_STEP_SECONDS), _MOST_STEP_SECONDS))


def _sum(query: str) -> str:
    return f"sum by (namespace, pod) ({query})"


def _cpu(step: int) -> str:
    return _sum(f"rate(container_cpu_usage_seconds_total{{{_OF_CONTAINERS}}}[{max(2 * step, _RATE_SECONDS)}s])")


def _quantile(level: float, query: str, seconds: float) -> str:
    return f"quantile_over_time({level}, {query}[{seconds:.0f}s:{_step(seconds)}s])"


def _throttled(seconds: float) -> str:
    def periods(name: str) -> str:
        return _sum(f"increase({name}{{{_OF_CONTAINERS}}}[{max(seconds, _RATE_SECONDS):.0f}s])")

    return f"{periods('container_cpu_cfs_throttled_periods_total')} / {periods('container_cpu_cfs_periods_total')}"


def _asked_for(what: str, resource: str, seconds: float) -> str:
    series = f'kube_pod_container_resource_{what}{{resource="{resource}"}}'
    return _sum(f"last_over_time({series}[{max(seconds, _RATE_SECONDS):.0f}s])")
