"""Row by row through the semconv table: from a span's known attributes to the columns they fill.

What the table keeps is repetitive by design (methods, routes, statuses, names), so equal answers are worked out once and
shared: a Resolved is looked up, not computed, for most spans, and SpanColumns stores one code for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tracetune.sources.envoy import kind_of_cluster
from tracetune.sources.semconv import (
    CLUSTER_INDEX,
    ENTRIES,
    RESOURCE_INDEX,
    SPAN_INDEX,
    UNKNOWN_SERVICE,
    Target,
    kind_of,
    text_of,
)
from tracetune.sources.verdicts import status_code

Known = Sequence[tuple[int, str | None]]
"""Attributes that the table knows: position in ENTRIES and value as text; None is not given."""

_MOST_REMEMBERED = 16_384  # distinct answers held; beyond it attributes are not repetitive and memory matters more


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """The known attributes of who emitted spans: an OTLP resource, a Jaeger process, a Zipkin endpoint."""

    known: Known


@dataclass(frozen=True, slots=True, eq=False)
class Resolved:
    """What a span's and its resource's attributes say; None where they say nothing. Shared by equal spans."""

    kind: int
    status_code: int
    service_name: str
    service_version: str | None
    instance: str | None
    peer: str | None
    attributes: tuple[tuple[str, str], ...]


def known_span(attributes: Iterable[tuple[str, object]]) -> list[tuple[int, str | None]]:
    """Those of a span's attributes that the table knows."""
    return [(index, text_of(value)) for key, value in attributes if (index := SPAN_INDEX.get(key)) is not None]


def known_resource(attributes: Iterable[tuple[str, object]]) -> list[tuple[int, str | None]]:
    """Those of a resource's attributes that the table knows."""
    return [(index, text_of(value)) for key, value in attributes if (index := RESOURCE_INDEX.get(key)) is not None]


class Resolver:
    """Resolves the spans of one stream. Give equal resources as the same Resource, or they are not shared."""

    def __init__(self) -> None:
        self._answers: dict[tuple[object, ...], Resolved] = {}

    def span(self, kind: int, status: int, known: Known, resource: Resource) -> Resolved:
        """The answer for a span with these attributes.

        Args:
            kind: SpanKind as the format itself gives it; 0 where it does not.
            status: StatusCode as the format itself gives it; a status other than 0 is final.
            known: the span's own attributes, from ``known_span``.
            resource: its resource.
        """
        key = (kind, status, resource, *known)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= _MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[key] = _resolve(kind, status, known, resource)
        return answer


def resolve(kind: int, status: int, tags: Mapping[str, object], resource: Mapping[str, object]) -> Resolved:
    """The answer for one span given as plain mappings; for tests and small inputs."""
    return _resolve(kind, status, known_span(tags.items()), Resource(known_resource(resource.items())))


def _resolve(kind: int, status: int, known: Known, resource: Resource) -> Resolved:
    # Table order decides, and the span's own value before its resource's; of one key given twice the first counts.
    both = sorted(
        [(index, 0, text) for index, text in known if text is not None]
        + [(index, 1, text) for index, text in resource.known if text is not None],
        key=lambda item: item[:2],
    )
    found = [(index, text) for index, _, text in both]
    kind = kind or _kind(found)
    texts, attributes, verdict = _read(found, kind)
    return Resolved(
        kind=kind,
        status_code=int(status or status_code(verdict, kind)),
        service_name=texts.get(Target.SERVICE_NAME, UNKNOWN_SERVICE),
        service_version=texts.get(Target.SERVICE_VERSION),
        instance=texts.get(Target.INSTANCE),
        peer=texts.get(Target.PEER),
        attributes=tuple(sorted(attributes.items())),
    )


def _read(found: Sequence[tuple[int, str]], kind: int) -> tuple[dict[Target, str], dict[str, str], int]:
    texts: dict[Target, str] = {}
    attributes: dict[str, str] = {}
    verdict = 0
    for index, text in found:
        entry = ENTRIES[index]
        verdict |= entry.verdict(text)
        if entry.attribute and text:
            attributes.setdefault(entry.attribute, text)
        if entry.target and entry.target not in texts and entry.kinds >> kind & 1:
            value = entry.read(text)
            if value is not None:
                texts[entry.target] = value
    return texts, attributes, verdict


def _kind(found: Sequence[tuple[int, str]]) -> int:
    for index, text in found:
        if ENTRIES[index].target is Target.KIND and kind_of(text):
            return kind_of(text)
    for index, text in found:
        if index == CLUSTER_INDEX:
            return kind_of(kind_of_cluster(text) or "")
    return 0
