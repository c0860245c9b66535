"""The autoscalers of a cluster as their controller runs them: objects from the API, metrics, and replicas back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from tracetune.tuning.whatifs.hpa import SYNC_SECONDS, Autoscaler, Behaviour

HPAS = "apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
DEPLOYMENTS = "apis/apps/v1/namespaces/{namespace}/deployments"

NOT_FOUND = 404

Busy = Callable[[str], float]
"""Share of its CPU request that a Deployment's pods use on average, as the resource metrics API gives it."""


class Controller:
    """Reads every HorizontalPodAutoscaler of a namespace each time, and patches what it scales.

    The decision is ``tracetune.tuning.whatifs.hpa``: tolerance, stabilisation windows and policies as documented.

    Args:
        api: of the cluster.
        metrics: of ``external.metrics.k8s.io``, which a cluster would reach through its aggregator.
    """

    def __init__(self, api: httpx.Client, metrics: httpx.Client, busy: Busy, namespace: str = "shop") -> None:
        self._api, self._metrics, self._busy = api, metrics, busy
        self._namespace = namespace
        self._autoscalers: dict[str, Autoscaler] = {}

    def replicas(self) -> dict[str, int]:
        """Of every Deployment, as the API has it now."""
        return {each["metadata"]["name"]: each["spec"]["replicas"] for each in self._list(DEPLOYMENTS)}

    def minute(self, now_seconds: float) -> None:
        """Every sync of one minute; one whose metric cannot be had changes nothing, as in a cluster.

        Objects are read once a minute, for nobody else changes them here.
        """
        counts, autoscalers = self.replicas(), self._list(HPAS)
        for step in range(int(60 / SYNC_SECONDS)):
            for each in autoscalers:
                self._sync(each, counts, now_seconds + SYNC_SECONDS * step)

    def _sync(self, autoscaler: Mapping[str, Any], counts: dict[str, int], now_seconds: float) -> None:
        name = autoscaler["spec"]["scaleTargetRef"]["name"]
        metric = self._metric(autoscaler["spec"]["metrics"][0], name, counts[name])
        if metric is None:
            return
        wanted = self._autoscaler(autoscaler).step(now_seconds, counts[name], metric)
        if wanted != counts[name]:
            path = f"{DEPLOYMENTS.format(namespace=self._namespace)}/{name}"
            headers = {"content-type": "application/merge-patch+json"}
            self._api.patch(path, json={"spec": {"replicas": wanted}}, headers=headers).raise_for_status()
            counts[name] = wanted

    def _metric(self, wanted: Mapping[str, Any], name: str, count: int) -> float | None:
        """Per replica."""
        if wanted["type"] == "Resource":
            return self._busy(name)
        metric = wanted["external"]["metric"]
        selector = ",".join(f"{key}={value}" for key, value in metric["selector"]["matchLabels"].items())
        path = f"apis/external.metrics.k8s.io/v1beta1/namespaces/{self._namespace}/{metric['name']}"
        answer = self._metrics.get(path, params={"labelSelector": selector}).raise_for_status().json()
        values = [quantity(item["value"]) for item in answer["items"]]
        return sum(values) / count if values else None

    def _autoscaler(self, document: Mapping[str, Any]) -> Autoscaler:
        name, spec = document["metadata"]["name"], document["spec"]
        if name not in self._autoscalers:
            wanted = spec["metrics"][0]
            target = (
                wanted["resource"]["target"]["averageUtilization"] / 100
                if wanted["type"] == "Resource"
                else quantity(wanted["external"]["target"]["averageValue"])
            )
            self._autoscalers[name] = Autoscaler(
                Behaviour(target=target, least=spec["minReplicas"], most=spec["maxReplicas"])
            )
        return self._autoscalers[name]

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = self._api.get(path.format(namespace=self._namespace))
        if answer.status_code == NOT_FOUND:  # an emulator knows only the kinds that were created in it
            return []
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items


def quantity(text: str) -> float:
    """A Kubernetes quantity of the kinds that metrics have: whole, decimal, or in thousandths."""
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def deployment(name: str, replicas: int, namespace: str = "shop") -> dict[str, Any]:
    """A Deployment, as far as its scale goes."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": name}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def by_cpu(name: str, namespace: str = "shop") -> dict[str, Any]:
    """The usual autoscaler, at 80 % of CPU."""
    target = {"type": "Utilization", "averageUtilization": 80}
    return _autoscaler(name, namespace, {"type": "Resource", "resource": {"name": "cpu", "target": target}})


def by_advice(name: str, namespace: str = "shop") -> dict[str, Any]:
    """One that follows the advised replicas: an average of 1 for each replica asks for just so many."""
    metric = {"name": "tracetune_replicas_advised", "selector": {"matchLabels": {"service": name}}}
    external = {"metric": metric, "target": {"type": "AverageValue", "averageValue": "1"}}
    return _autoscaler(name, namespace, {"type": "External", "external": external})


def _autoscaler(name: str, namespace: str, metric: dict[str, Any]) -> dict[str, Any]:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 20, "metrics": [metric]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
