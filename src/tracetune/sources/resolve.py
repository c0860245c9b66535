"""Row by row through the semconv table: from a span's known attributes to the columns they fill.

What the table keeps is repetitive by design (methods, routes, statuses, names), so equal answers are worked out once and
shared: a Resolved is looked up, not computed, for most spans, and SpanColumns stores one code for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from tracetune.sources.envoy import kind_of_cluster
from tracetune.sources.semconv import (
    CLUSTER_INDEX,
    ENTRIES,
    RESOURCE_INDEX,
    SPAN_INDEX,
    UNKNOWN_SERVICE,
    Scope,
    Target,
    kind_of,
    text_of,
)
from tracetune.sources.verdicts import status_code

Known = Sequence[tuple[int, str | None]]
"""Attributes that the table knows: position in ENTRIES and value as text; None is not given."""

Attributes = tuple[tuple[str, str], ...]
"""Kept attributes: those of who emitted a span, then those of what was done, each sorted by name."""

_Emitter = tuple[str, str | None, str | None, Attributes]  # service name and version, instance, attributes
_Call = tuple[int, int, str | None, Attributes]  # kind, status code, peer, attributes

_MOST_REMEMBERED = 16_384  # distinct answers held; beyond it attributes are not repetitive and memory matters more
_INDEX = attrgetter("index")
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """The known attributes of who emitted spans: an OTLP resource, a Jaeger process, a Zipkin endpoint."""

    known: Known


@dataclass(slots=True, eq=False)  # not frozen: that costs a microsecond a span
class Resolved:
    """What a span's and its resource's attributes say; None where they say nothing. Shared by equal spans."""

    kind: int
    status_code: int
    service_name: str
    service_version: str | None
    instance: str | None
    peer: str | None
    attributes: Attributes


def known_span(attributes: Iterable[tuple[str, object]]) -> list[tuple[int, str | None]]:
    """Those of a span's attributes that the table knows."""
    return [(index, text_of(value)) for key, value in attributes if (index := SPAN_INDEX.get(key)) is not None]


def known_resource(attributes: Iterable[tuple[str, object]]) -> list[tuple[int, str | None]]:
    """Those of a resource's attributes that the table knows."""
    return [(index, text_of(value)) for key, value in attributes if (index := RESOURCE_INDEX.get(key)) is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _Effect:
    """What one attribute with one value does; shared by all spans that carry it, so that it is told by identity."""

    index: int
    target: Target
    value: str | None  # for the target
    kinds: int
    verdict: int
    attribute: str  # "" keeps nothing
    text: str
    kind: int  # what it says or implies about the kind; 0 nothing
    identifies: bool  # whether it says who emitted the span (a key that may stand on a resource), not what was done

    def matters(self) -> bool:
        """Whether it does anything at all."""
        return bool(self.value is not None or self.attribute or self.verdict or self.kind)


class _Effects(dict[str | None, _Effect | None]):
    """The effect of each value of one key, worked out when it is first asked for; None where it has none."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._entry = index

    def __missing__(self, text: str | None) -> _Effect | None:
        effect = _effect(self._entry, text)
        _room(self)[text] = effect
        return effect


class Resolver:
    """Resolves the spans of one stream. Give equal resources as the same Resource, or they are not shared."""

    def __init__(self) -> None:
        by_index = [_Effects(index) for index in range(len(ENTRIES))]
        self.effects: Mapping[str, _Effects] = {key: by_index[index] for key, index in SPAN_INDEX.items()}
        """For each key that counts on a span, the effect of a value given as ``text_of`` gives it; for ``answer``."""
        self._by_index = by_index
        self._answers: dict[tuple[object, ...], Resolved] = {}
        self._emitters: dict[tuple[object, ...], _Emitter] = {}
        self._calls: dict[tuple[object, ...], _Call] = {}

    def span(self, kind: int, status: int, known: Known, resource: Resource) -> Resolved:
        """The answer for a span with these attributes.

        Args:
            kind: SpanKind as the format itself gives it; 0 where it does not.
            status: StatusCode as the format itself gives it; a status other than 0 is final.
            known: the span's own attributes, from ``known_span``.
            resource: its resource.
        """
        return self.answer(kind, status, self._effects_of(known), resource)

    def answer(self, kind: int, status: int, own: Sequence[_Effect], resource: Resource) -> Resolved:
        """The same, where the effects of the span's attributes were looked up already, in ``effects``."""
        key = (kind, status, resource, *own)
        answer = self._answers.get(key)
        if answer is None:
            answer = _room(self._answers)[key] = self._joined(kind, status, own, resource)
        return answer

    def _joined(self, kind: int, status: int, own: Sequence[_Effect], resource: Resource) -> Resolved:
        """A new answer, from who emitted the span and what was done: pairs of these are many, but each is one of few."""
        identity = [effect for effect in own if effect.identifies]
        who_key = (resource, *identity)
        who = self._emitters.get(who_key)
        if who is None:
            who = _room(self._emitters)[who_key] = _emitter([*identity, *self._effects_of(resource.known)])
        deeds = [effect for effect in own if not effect.identifies]
        what_key = (kind, status, *deeds)
        what = self._calls.get(what_key)
        if what is None:
            what = _room(self._calls)[what_key] = _call(kind, status, deeds)
        service_name, service_version, instance, attributes = who
        kind, status, peer, more = what
        return Resolved(kind, status, service_name, service_version, instance, peer, attributes + more)

    def _effects_of(self, known: Known) -> list[_Effect]:
        by_index = self._by_index
        return [effect for index, text in known if (effect := by_index[index][text]) is not None]


def resolve(kind: int, status: int, tags: Mapping[str, object], resource: Mapping[str, object]) -> Resolved:
    """The answer for one span given as plain mappings; for tests and small inputs."""
    return Resolver().span(kind, status, known_span(tags.items()), Resource(known_resource(resource.items())))


def _room(memory: dict[_Key, _Value]) -> dict[_Key, _Value]:
    """The memory, emptied if it is full."""
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    return memory


def _effect(index: int, text: str | None) -> _Effect | None:
    """What this attribute does; None for nothing, as an IP address that names no peer."""
    if text is None:
        return None
    entry = ENTRIES[index]
    says_kind = entry.target is Target.KIND
    kind = kind_of(text) if says_kind else kind_of(kind_of_cluster(text) or "") if index == CLUSTER_INDEX else 0
    effect = _Effect(
        index=index,
        target=entry.target,
        value=entry.read(text) if entry.target and not says_kind else None,
        kinds=entry.kinds,
        verdict=entry.verdict(text),
        attribute=entry.attribute if text else "",
        text=text,
        kind=kind,
        identifies=bool(entry.scope & Scope.RESOURCE),
    )
    return effect if effect.matters() else None


def _emitter(effects: Sequence[_Effect]) -> _Emitter:
    texts, attributes, _ = _read(effects, kind=0)
    name = _without_namespace(texts.get(Target.SERVICE_NAME, UNKNOWN_SERVICE), texts.get(Target.NAMESPACE, ""))
    return name, texts.get(Target.SERVICE_VERSION), texts.get(Target.INSTANCE), attributes


def _without_namespace(name: str, namespace: str) -> str:
    """A service's name without the namespace that Istio appends, so that its application and its sidecar have one name.

    >>> _without_namespace("reviews.shop", "shop"), _without_namespace("reviews.v2", "shop")
    ('reviews', 'reviews.v2')

    Source: Istio, ProxyConfig.TracingServiceName, whose default is APP_LABEL_AND_NAMESPACE.
    """
    short = name.removesuffix(f".{namespace}") if namespace else name
    return short or name


def _call(kind: int, status: int, effects: Sequence[_Effect]) -> _Call:
    kind = kind or _kind(effects)
    texts, attributes, verdict = _read(effects, kind)
    return kind, status or status_code(verdict, kind), texts.get(Target.PEER), attributes


def _read(effects: Sequence[_Effect], kind: int) -> tuple[dict[int, str], Attributes, int]:
    """The target's texts, the kept attributes and the verdict of these effects, the span's own before its resource's."""
    texts: dict[int, str] = {}
    attributes: dict[str, str] = {}
    verdict = 0
    # Table order decides, and the span's own value before its resource's; of one key given twice the first counts.
    for effect in sorted(effects, key=_INDEX):
        verdict |= effect.verdict
        if effect.attribute:
            attributes.setdefault(effect.attribute, effect.text)
        if effect.value is not None and effect.kinds >> kind & 1:
            texts.setdefault(effect.target, effect.value)
    return texts, tuple(sorted(attributes.items())), verdict


def _kind(own: Sequence[_Effect]) -> int:
    """The kind that a span's attributes say, else the one that its cluster implies."""
    implied = 0
    for effect in own:
        if effect.kind:
            if effect.target is Target.KIND:
                return effect.kind
            implied = implied or effect.kind
    return implied
