"""Advice on replicas as Kubernetes objects: the number itself, bounds for an autoscaler, or KEDA on the advised gauge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from tracetune.domain.advice import Advice

Object = dict[str, Any]

PROMETHEUS = "http://prometheus.monitoring.svc:9090"
"""Where KEDA asks for the gauge of advised replicas; another address is put in by hand."""

ABOVE_UPPER = 1.25
"""An autoscaler's most replicas over the upper bound of the advice: a cap is for runaway costs, not for the next surge."""

CALM_SECONDS = 300
"""How long fewer replicas must be enough before some are taken away; the default of the HorizontalPodAutoscaler."""


class Scaler(StrEnum):
    """Who sets the number of replicas."""

    HPA = "hpa"
    KEDA = "keda"
    DEPLOYMENT = "deployment"


def scaling(advice: Advice, scaler: Scaler) -> Iterator[Object]:
    """The Deployment with the advice in its annotations, and what its scaler needs.

    The annotations are the triple of the Vertical Pod Autoscaler's recommendations, lower bound, target and upper bound.
    """
    count = int(advice.target or 0)
    yield _deployment(advice, count if scaler is Scaler.DEPLOYMENT else None)
    if scaler is Scaler.HPA:
        yield _autoscaler(advice, count)
    elif scaler is Scaler.KEDA:
        yield _scaled_object(advice, count)


def resources(advice: Advice) -> Iterator[Object]:
    """The Deployment with CPU or memory of one pod in its annotations, as the Vertical Pod Autoscaler would recommend them.

    Requests belong to containers, whose names no metric of the pod gives; the annotations say what to set there.
    """
    what = "limit" if "limit" in dict(advice.details) else "request"
    bounds = {"lower-bound": advice.lower, "target": advice.target, "upper-bound": advice.upper}
    notes = {
        f"tracetune.io/{advice.knob.value}-{what}-{name}": quantity(value, advice.unit)
        for name, value in bounds.items()
        if value is not None
    }
    notes[f"tracetune.io/{advice.knob.value}-confidence"] = advice.confidence.value
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": advice.target_service, "annotations": notes},
    }


def quantity(value: float, unit: str) -> str:
    """As Kubernetes writes it.

    >>> quantity(0.575, "cores"), quantity(287.2, "MiB")
    ('575m', '288Mi')
    """
    return f"{math.ceil(1000 * value - 1e-9)}m" if unit == "cores" else f"{math.ceil(value - 1e-9)}Mi"


def most_replicas(advice: Advice) -> int:
    """The cap of an autoscaler: a quarter above the upper bound."""
    return math.ceil(ABOVE_UPPER * max(advice.target or 0.0, advice.upper or 0.0))


def _deployment(advice: Advice, replicas: int | None) -> Object:
    bounds = {"lower-bound": advice.lower, "target": advice.target, "upper-bound": advice.upper}
    notes = {f"tracetune.io/replicas-{name}": f"{value:g}" for name, value in bounds.items() if value is not None}
    notes["tracetune.io/confidence"] = advice.confidence.value
    document: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": advice.target_service, "annotations": notes},
    }
    if replicas is not None:
        document["spec"] = {"replicas": replicas}
    return document


def _autoscaler(advice: Advice, count: int) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": advice.target_service}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": advice.target_service},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": count,
            "maxReplicas": most_replicas(advice),
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": CALM_SECONDS}},
        },
    }


def _scaled_object(advice: Advice, count: int) -> Object:
    """Follows the gauge of advised replicas, and falls back to this advice where it cannot be read."""
    query = f'max(tracetune_replicas_advised{{service="{advice.target_service}"}})'
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": advice.target_service},
        "spec": {
            "scaleTargetRef": {"name": advice.target_service},
            "minReplicaCount": int(advice.lower or count),
            "maxReplicaCount": most_replicas(advice),
            "cooldownPeriod": CALM_SECONDS,
            "fallback": {"failureThreshold": 3, "replicas": count},
            "triggers": [
                {
                    "type": "prometheus",
                    "metricType": "AverageValue",
                    "metadata": {"serverAddress": PROMETHEUS, "query": query, "threshold": "1"},
                }
            ],
        },
    }
