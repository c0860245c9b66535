"""Advice as Kubernetes and Istio manifests to review and apply; nothing is ever applied from here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from tracetune.domain.advice import Action, Advice, Knob
from tracetune.sinks.mesh import Object, mesh
from tracetune.sinks.scaling import Scaler, quantity, resources, scaling

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
"""What Kubernetes accepts as the name of a Service (RFC 1035/1123 label, at most 63 characters)."""

_NO_OBJECT = frozenset({Knob.ROLLBACK, Knob.INSTRUMENTATION, Knob.PLACEMENT})
"""``kubectl rollout undo`` knows the former version, the traces only its name; attributes are set where spans are made, and
what to move off a node its owner decides."""


class _Yaml(yaml.SafeDumper):
    """Quotes what a YAML 1.2 parser would take for a number; PyYAML knows those of 1.1 only, and 1e3 is a Service's name."""


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+"),
    list("-+.0123456789"),
)

_OF_THE_MESH = frozenset({Knob.SAMPLING})
"""What has no service as its target."""


@dataclass
class Manifest:
    """One object, with the reasons for what is in it."""

    document: Object
    comments: list[str] = field(default_factory=list)

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two manifests the same object."""
        return self.document["kind"], self.document["metadata"]["name"]

    def text(self) -> str:
        """YAML with the reasons as comments before it."""
        comments = "".join(f"# {_line(text)}\n" for text in self.comments)
        return comments + dump(self.document)


def dump(document: Object) -> str:
    """An object as YAML, its keys in their order."""
    return yaml.dump(document, Dumper=_Yaml, sort_keys=False, width=120)


def patch(advice: Advice) -> str:
    """What would put one piece of advice into effect; empty where there is nothing to apply."""
    return text(manifests([advice]), refusals([advice]))


def manifests(advice: Sequence[Advice], scaler: Scaler = Scaler.HPA) -> tuple[Manifest, ...]:
    """The objects that would put the advice into effect, one for each object however many knobs it has.

    Advice to keep or that cannot say has none, and neither have names that no Kubernetes object can have: names come from
    traces, and anyone who can send a span chooses them.
    """
    found: dict[tuple[str, str], Manifest] = {}
    for each in advice:
        if not _applies(each) or _bad_names(each):
            continue
        for manifest in _of(each, scaler):
            known = found.setdefault(manifest.identity, Manifest({}))
            known.document = merged(known.document, manifest.document)
            known.comments += [text for text in manifest.comments if text not in known.comments]
    return tuple(found.values())


def refusals(advice: Sequence[Advice]) -> tuple[str, ...]:
    """Why some advice has no manifest although it asks for a change."""
    bad = [name for each in advice if _applies(each) for name in _bad_names(each)]
    return tuple(
        f"# No manifest: {name!a} is no name of a Kubernetes Service. Give the limit where it is deployed.\n"
        for name in dict.fromkeys(bad)
    )


def text(found: Sequence[Manifest], refused: Sequence[str] = ()) -> str:
    """All of it as one YAML stream."""
    return "".join(refused) + "---\n".join(manifest.text() for manifest in found)


def merged(theirs: Object, ours: Object) -> Object:
    """An object with our values put into theirs: what they have and we do not name stays.

    Routes of a VirtualService are matched by whom they are for; a new one goes before the others, because the first
    that matches is taken.
    """
    result = dict(theirs)
    for key, value in ours.items():
        old = theirs.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = merged(old, value)
        elif key == "http" and isinstance(value, list) and isinstance(old, list):
            result[key] = _routes(old, value)
        else:
            result[key] = value
    return result


def _routes(theirs: Sequence[Object], ours: Sequence[Object]) -> list[Object]:
    known = [each.get("match") for each in theirs]
    new = [each for each in ours if each.get("match") not in known]
    kept = [merged(each, _with_match(ours, each.get("match"))) for each in theirs]
    found = [*(each for each in new if "match" in each), *kept, *(each for each in new if "match" not in each)]
    return sorted(found, key=_narrowness, reverse=True)  # stable: those alike stay in their order


def _narrowness(route: Object) -> int:
    """By how much a route says whom it is for: the first that matches is taken, so that the narrow ones come first."""
    return max((len(each) for each in route.get("match", ())), default=0)


def _with_match(routes: Sequence[Object], match: object) -> Object:
    return next(({**each} for each in routes if each.get("match") == match), {})


def _applies(advice: Advice) -> bool:
    return advice.action is Action.SET and advice.knob not in _NO_OBJECT


def _bad_names(advice: Advice) -> list[str]:
    names = [] if advice.knob in _OF_THE_MESH else [name for name in (advice.target_service, advice.peer) if name]
    return [name for name in names if not _DNS_LABEL.fullmatch(name)]


def _of(advice: Advice, scaler: Scaler) -> Iterator[Manifest]:
    for document in _documents(advice, scaler):
        yield Manifest(document, [note for note in _comments(advice, document["kind"]) if note])


def _documents(advice: Advice, scaler: Scaler) -> Iterator[Object]:
    if advice.knob is Knob.REPLICAS:
        return scaling(advice, scaler)
    return resources(advice) if advice.knob in {Knob.CPU, Knob.MEMORY} else mesh(advice)


def _comments(advice: Advice, kind: str) -> Iterator[str]:
    yield from advice.reasons
    yield _range(advice)
    yield f"effect: {advice.effect}" if advice.effect else ""
    yield f"risk: {advice.risk}" if advice.risk else ""
    yield _set_by_hand(advice) if advice.knob in {Knob.CPU, Knob.MEMORY} else ""
    yield _NOTES.get(kind, "")


def _set_by_hand(advice: Advice) -> str:
    """The command that sets it in every container of the pod; which one needs it only its owner knows."""
    option = "limits" if "limit" in dict(advice.details) else "requests"
    value = quantity(advice.target or 0.0, advice.unit)
    return (
        f"to set it: kubectl set resources deployment/{advice.target_service} -c CONTAINER "
        f"--{option}={advice.knob.value}={value}"
    )


_NOTES: Mapping[str, str] = {
    "Deployment": "a patch, not a whole object: kubectl patch --patch-file, or among the patches of a kustomization",
    "HorizontalPodAutoscaler": "without metrics of its own it follows 80 % CPU between these bounds; keep yours if it has some",
    "ScaledObject": "set serverAddress to your Prometheus, which scrapes /metrics of tracetune serve",
    "VirtualService": "Istio uses one VirtualService a host within the mesh, and retries twice where none of it says otherwise",
    "EnvoyFilter": "of each pod's own sidecar; an EnvoyFilter is Envoy's own configuration, which upgrades of Istio may break",
    "DestinationRule": "limits are of each client pod's proxy; clients are chosen by their label app",
}


def _range(advice: Advice) -> str:
    if advice.lower is None or advice.upper is None:
        return ""
    now = f"now {advice.current:g}, " if advice.current is not None else ""
    return f"{now}from {advice.lower:.3g} to {advice.upper:.3g} {advice.unit}; confidence {advice.confidence}"


def _line(words: str) -> str:
    """One line of plain text: a line break in a name from a trace must not end the comment."""
    return "".join(character if character.isprintable() else "?" for character in words)
