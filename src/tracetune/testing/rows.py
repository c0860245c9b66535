"""A batch of spans as Python lists, with what many spans have in common said once, ready for writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.spans import SpanBatch

INTEGER_ATTRIBUTES = frozenset({"http.response.status_code"})
"""Attributes that are integers by OpenTelemetry's semantic conventions; a SpanBatch keeps all as text."""

_OF_THE_SENDER = ("k8s.", "host.", "cloud.")  # prefixes of attributes that describe the sender, not the span
_COMMON = ("service_name", "service_version", "instance", "kind", "status_code", "peer")

Attributes = tuple[tuple[str, str], ...]


class Resource(NamedTuple):
    """Who sent a span: its service, and attributes by OpenTelemetry's names (version, pod, namespace)."""

    service_name: str
    attributes: Attributes


class Profile(NamedTuple):
    """What a span says beside ids, name and times; ``resource`` is a position in ``Rows.resources``."""

    resource: int
    kind: int
    status_code: int
    peer: str | None
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length, one row a span, sorted by trace and in it by start; ids are their bytes.

    ``profile`` is a position in ``profiles``; ``trace_starts`` holds the first row of each trace, and the number of rows.
    """

    trace_id: list[bytes]
    span_id: list[bytes]
    parent_span_id: list[bytes]
    name: list[str]
    start_time_unix_nano: list[int]
    end_time_unix_nano: list[int]
    profile: list[int]
    profiles: list[Profile]
    resources: list[Resource]
    trace_starts: list[int]

    @classmethod
    def of(cls, spans: SpanBatch) -> Rows:
        """The spans of the batch."""
        ids = spans.ids("trace_id")
        order = np.lexsort((spans.column("start_time_unix_nano"), ids[:, 1], ids[:, 0]))
        spans, ids = spans.take(order), ids[order]
        starts = np.flatnonzero((ids[1:] != ids[:-1]).any(axis=1)) + 1
        profile, profiles, resources = _profiles(spans)
        names, values = spans.labels("name")
        return cls(
            trace_id=_slices(spans.ids("trace_id"), 16),
            span_id=_slices(spans.ids("span_id"), 8),
            parent_span_id=_slices(spans.ids("parent_span_id"), 8),
            name=[values[code] for code in names.tolist()],
            start_time_unix_nano=spans.column("start_time_unix_nano").tolist(),
            end_time_unix_nano=spans.column("end_time_unix_nano").tolist(),
            profile=profile,
            profiles=profiles,
            resources=resources,
            trace_starts=[0, *starts.tolist(), len(spans)] if len(spans) else [0],
        )

    def by_resource(self) -> list[list[int]]:
        """The rows of each resource, in the order of ``resources``."""
        rows: list[list[int]] = [[] for _ in self.resources]
        for row, profile in enumerate(self.profile):
            rows[self.profiles[profile].resource].append(row)
        return rows


def _slices(ids: NDArray[np.uint64], width: int) -> list[bytes]:
    content = ids.tobytes()
    return [content[place : place + width] for place in range(0, len(content), width)]


def _profiles(spans: SpanBatch) -> tuple[list[int], list[Profile], list[Resource]]:
    numbers: dict[tuple[int, bytes], int] = {}
    first_rows: list[int] = []
    profile = []
    offsets, pairs = _attribute_codes(spans)
    for row, code in enumerate(_common_code(spans).tolist()):
        key = (code, pairs[offsets[row] : offsets[row + 1]].tobytes())
        number = numbers.setdefault(key, len(first_rows))
        if number == len(first_rows):
            first_rows.append(row)
        profile.append(number)
    resources: dict[Resource, int] = {}
    examples = spans.take(np.array(first_rows, np.int64)).table.select([*_COMMON, "attributes"]).to_pylist()
    return profile, [_profile(span, resources) for span in examples], list(resources)


def _common_code(spans: SpanBatch) -> NDArray[np.int64]:
    """A number for each span, (span,), equal where all of the _COMMON columns are."""
    code = np.zeros(len(spans), np.int64)
    for name in _COMMON:
        column = spans.column(name) if name in {"kind", "status_code"} else spans.labels(name)[0]
        code = code * (int(column.max(initial=0)) + 2) + column + 1
        code = np.unique(code, return_inverse=True)[1]
    return code


def _attribute_codes(spans: SpanBatch) -> tuple[list[int], NDArray[np.int64]]:
    """Where each span's attributes begin (span + 1,), and a number for each of them."""
    attributes = spans.table["attributes"].combine_chunks()
    offsets = attributes.offsets.to_numpy()
    keys = attributes.keys.indices.to_numpy().astype(np.int64)
    values = attributes.items.indices.fill_null(-1).to_numpy().astype(np.int64)
    return offsets.tolist(), (keys << 32) | (values & 0xFFFFFFFF)


def _profile(span: dict[str, Any], resources: dict[Resource, int]) -> Profile:
    sender = [("service.version", span["service_version"]), ("k8s.pod.name", span["instance"])]
    sender += [pair for pair in span["attributes"] if pair[0].startswith(_OF_THE_SENDER)]
    resource = Resource(span["service_name"], tuple(pair for pair in sender if pair[1] is not None))
    number = resources.setdefault(resource, len(resources))
    attributes = tuple(pair for pair in span["attributes"] if not pair[0].startswith(_OF_THE_SENDER))
    return Profile(number, span["kind"], span["status_code"], span["peer"], attributes)
