"""Advice as Kubernetes and Istio manifests to review and apply; nothing is ever applied from here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from tracetune.domain.advice import Action, Advice, Knob

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
"""What Kubernetes accepts as the name of a Service (RFC 1035/1123 label, at most 63 characters)."""

Yaml = Mapping[str, "Yaml"] | Sequence["Yaml"] | str | int | float


def patch(advice: Advice) -> str:
    """The manifests that would put the advice into effect, as YAML with its reasons as comments.

    Empty where there is nothing to apply: advice to keep or that cannot say, a rollback (``kubectl rollout undo`` knows
    the former version, the traces know only its name), more attributes on spans. A name that no Kubernetes object can
    have is refused by a comment alone: names come from traces, and anyone who can send a span chooses them.
    """
    if advice.action is not Action.SET or advice.knob not in _DOCUMENTS:
        return ""
    names = [name for name in (advice.target_service, advice.peer) if name]
    bad = [name for name in names if not _DNS_LABEL.fullmatch(name)]
    if bad:
        return f"# No manifest: {bad[0]!a} is no name of a Kubernetes Service. Give the limit where it is deployed.\n"
    notes = (*advice.reasons, _range(advice), _NOTES.get(advice.knob, ""))
    comments = "".join(f"# {_line(text)}\n" for text in notes if text)
    return comments + "---\n".join(_emit(document) for document in _DOCUMENTS[advice.knob](advice))


def _replicas(advice: Advice) -> Iterator[Yaml]:
    count = int(advice.target or 0)
    most = max(count, int(advice.upper or 0))
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": advice.target_service},
        "spec": {"replicas": count},
    }
    yield {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": advice.target_service},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": advice.target_service},
            "minReplicas": count,
            "maxReplicas": most,
        },
    }


def _timeout(advice: Advice) -> Iterator[Yaml]:
    yield _route(advice, {"timeout": f"{round(1000 * (advice.target or 0.0))}ms"})


def _retries(advice: Advice) -> Iterator[Yaml]:
    yield _route(advice, {"retries": {"attempts": int(advice.target or 0)}})


def _pool(advice: Advice) -> Iterator[Yaml]:
    limit = int(advice.target or 0)
    yield {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": f"{advice.peer}-from-{advice.target_service}"[:63].rstrip("-")},
        "spec": {
            "host": advice.peer,
            "workloadSelector": {"matchLabels": {"app": advice.target_service}},
            "trafficPolicy": {
                "connectionPool": {"tcp": {"maxConnections": limit}, "http": {"http2MaxRequests": limit}}
            },
        },
    }


def _route(advice: Advice, policy: Mapping[str, Yaml]) -> Yaml:
    """A route for calls from this client alone, as far as its pods carry the usual label, then one for all others."""
    to = [{"destination": {"host": advice.peer}}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": advice.peer},
        "spec": {
            "hosts": [advice.peer],
            "http": [
                {"match": [{"sourceLabels": {"app": advice.target_service}}], "route": to, **policy},
                {"route": to},
            ],
        },
    }


_DOCUMENTS: Mapping[Knob, Callable[[Advice], Iterator[Yaml]]] = {
    Knob.REPLICAS: _replicas,
    Knob.TIMEOUT: _timeout,
    Knob.RETRIES: _retries,
    Knob.CONNECTION_POOL: _pool,
}


_NOTES: Mapping[Knob, str] = {
    Knob.REPLICAS: "take the Deployment or the HorizontalPodAutoscaler, not both",
    Knob.TIMEOUT: "Istio uses one VirtualService a host within the mesh: merge the routes into it where there is one",
    Knob.RETRIES: "Istio retries twice without this, and uses one VirtualService a host: merge the routes into it",
    Knob.CONNECTION_POOL: "the limit is of each client pod's proxy; clients are chosen by their label app",
}


def _range(advice: Advice) -> str:
    if advice.lower is None or advice.upper is None:
        return ""
    now = f"now {advice.current:g}, " if advice.current is not None else ""
    return f"{now}from {advice.lower:.3g} to {advice.upper:.3g} {advice.unit}; confidence {advice.confidence}"


def _line(text: str) -> str:
    """One line of plain text: a line break in a name from a trace must not end the comment."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _emit(value: Yaml, indent: int = 0) -> str:
    """Block YAML of dictionaries, lists and scalars; strings are always quoted, so that none becomes a number."""
    pad = "  " * indent
    if isinstance(value, Mapping):
        return "".join(f"{pad}{key}:{_child(child, indent)}" for key, child in value.items())
    if isinstance(value, str) or not isinstance(value, Sequence):
        return f"{pad}{_scalar(value)}\n"
    return "".join(f"{pad}- {_emit(item, indent + 1)[len(pad) + 2 :]}" for item in value)


def _child(value: Yaml, indent: int) -> str:
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return f"\n{_emit(value, indent + 1)}"
    return f" {_scalar(value)}\n"


def _scalar(value: str | float) -> str:
    return json.dumps(value)  # a JSON scalar is a YAML scalar (YAML 1.2, section 1.3)
