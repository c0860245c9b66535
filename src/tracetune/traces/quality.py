"""What is wrong with the spans of some traces: counted by problem and place, and told as findings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.minutes import MinuteBatch, column, labels
from tracetune.domain.minutes import group_rows as operation_rows
from tracetune.domain.quality import Finding
from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.attributes import any_value
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import Int32s, Int64s, group_rows
from tracetune.traces.skew import TOLERANCE_NANO, hosts
from tracetune.traces.tree import Parents, Role

MOST_SPANS_USUAL = 10_000
"""Traces beyond this are reported as huge (domain.quality, "huge_trace")."""

_OF_TRACES = frozenset({"multiple_roots", "huge_trace"})
_PLACES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problems:
    """How often each problem was met, and where; adds up over batches.

    Attributes:
        counts: spans by problem code; traces for ``multiple_roots`` and ``huge_trace``.
        places: spans (or traces) by problem code and service or host; one trace may count in several places.
    """

    counts: Counter[str] = field(default_factory=Counter)
    places: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, code: str, count: int, place: str = "") -> None:
        """Count a problem met in one place, or anywhere."""
        if count:
            self.counts[code] += count
            if place:
                self.places[code, place] += count

    def update(self, other: Problems) -> None:
        """Add another's counts to these."""
        self.counts.update(other.counts)
        self.places.update(other.places)


def count_problems(columns: TraceColumns, parents: Parents, shift: Int64s, spans: SpanBatch) -> Problems:
    """What is wrong within these whole traces; the times of ``columns`` are those after ``shift`` was added."""
    problems = Problems()
    by_service = {
        "orphan_span": parents.role == Role.ORPHAN,
        "cycle": parents.role == Role.CYCLE,
        "child_outlasts_parent": _outlasting(columns, parents),
        **_unlabelled(columns, spans),
    }
    for code, mask in by_service.items():
        if mask.any():
            _add_places(problems, code, columns.service[mask], columns.labels.service)
    if shift.any():
        host, names = hosts(columns)
        _add_places(problems, "clock_skew", host[shift != 0], names)
    _add_trace_problems(problems, columns, parents)
    return problems


def count_late_problems(columns: TraceColumns, spans: SpanBatch) -> Problems:
    """What is wrong with spans that came after their traces were closed, the rest of which is not here."""
    problems = Problems()
    _add_places(problems, "late_span", columns.service, columns.labels.service)
    for code, mask in _unlabelled(columns, spans).items():
        _add_places(problems, code, columns.service[mask], columns.labels.service)
    return problems


def _unlabelled(columns: TraceColumns, spans: SpanBatch) -> Mapping[str, NDArray[np.bool_]]:
    return {
        "no_instance": columns.instance < 0,
        "no_service_version": columns.version < 0,
        "sampled": _sampled(spans)[columns.row],
    }


def _sampled(spans: SpanBatch) -> NDArray[np.bool_]:
    """Spans that say that their trace was chosen from several: Jaeger's sampler tags, or a probability below 1."""
    probabilistic = any_value(spans, "sampler.type", "probabilistic".__eq__)
    probabilistic &= any_value(spans, "sampler.param", _is_below_one)
    limited = any_value(spans, "sampler.type", "ratelimiting".__eq__)
    stated = any_value(spans, "sampling.probability", _is_below_one)
    return probabilistic | limited | stated


def _is_below_one(value: str) -> bool:
    try:
        return float(value) < 1.0
    except ValueError:
        return False


def _outlasting(columns: TraceColumns, parents: Parents) -> NDArray[np.bool_]:
    """Children that end after their parent by more than rounding; consumers are meant to."""
    above = parents.parent.astype(np.int64)
    later = columns.end - columns.end[above] > TOLERANCE_NANO
    outlasting: NDArray[np.bool_] = (above >= 0) & later & (columns.kind != SpanKind.CONSUMER)
    return outlasting


def _add_places(problems: Problems, code: str, codes: Int32s, names: list[str]) -> None:
    for place, count in enumerate(np.bincount(codes, minlength=len(names))):
        problems.add(code, int(count), names[place])


def _add_trace_problems(problems: Problems, columns: TraceColumns, parents: Parents) -> None:
    trace = columns.trace
    is_root = parents.role == Role.ROOT
    roots = np.bincount(trace[is_root], minlength=columns.traces)
    problems.add("multiple_roots", int((roots > 1).sum()))
    if (roots > 1).any():
        of_many = is_root & (roots > 1)[trace]
        _add_trace_places(problems, "multiple_roots", trace[of_many], columns.service[of_many], columns.labels.service)
    is_huge = np.diff(columns.offsets) > MOST_SPANS_USUAL
    problems.add("huge_trace", int(is_huge.sum()))
    if is_huge.any():
        tops = (parents.parent < 0) & is_huge[trace]
        _add_trace_places(problems, "huge_trace", trace[tops], columns.service[tops], columns.labels.service)


def _add_trace_places(problems: Problems, code: str, trace: Int64s, service: Int32s, names: list[str]) -> None:
    first, _ = group_rows(trace, service)
    for place, count in enumerate(np.bincount(service[first])):
        if count:
            problems.places[code, names[place]] += int(count)


_ID_PART = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUID
    r"|(?=[0-9a-f]*[0-9])[0-9a-f]{8,}"  # hexadecimal with a digit: not a word such as "deadface"
    r"|(?<![a-zA-Z0-9])[0-9]+(?![a-zA-Z0-9])",  # a number by itself: not the version in "v1"
    re.IGNORECASE,
)


@lru_cache(maxsize=65_536)
def _template(name: str) -> tuple[str, int]:
    """A name with its ids replaced, and how many there were; a server asks for the same names every minute."""
    return _ID_PART.subn("{id}", name)


MOST_NAMES_OF_TEMPLATE = 10
"""Names that differ only in their ids: fewer may be few enough things, such as shards."""


def findings(problems: Problems, minutes: MinuteBatch, *, spans: int, traces: int) -> tuple[Finding, ...]:
    """Every problem met, the most frequent first, with the places that have most of it first."""
    found = [
        Finding(
            code=code,
            count=count,
            total=traces if code in _OF_TRACES else spans,
            where=_most_affected(problems, code),
        )
        for code, count in problems.counts.items()
    ]
    found += _ids_in_names(minutes)
    return tuple(sorted(found, key=lambda finding: (-finding.count / max(finding.total, 1), finding.code)))


def _most_affected(problems: Problems, code: str) -> tuple[str, ...]:
    places = [(-count, place) for (of, place), count in problems.places.items() if of == code]
    return tuple(place for _, place in sorted(places)[:_PLACES_SHOWN])


def _ids_in_names(minutes: MinuteBatch) -> list[Finding]:
    """Services of which many span names are one template with other ids; counted in spans."""
    operations = minutes.operations
    services, service_names = labels(operations, "service_name")
    names, span_names = labels(operations, "span_name")
    first, group = operation_rows(operations, ["service_name", "span_name"])
    calls = np.zeros(len(first), np.int64)
    np.add.at(calls, group, column(operations, "calls"))
    templates: dict[tuple[int, str], list[int]] = {}
    for row, count in zip(first.tolist(), calls.tolist(), strict=True):
        template, ids = _template(span_names[names[row]])
        if ids:
            templates.setdefault((int(services[row]), template), []).append(count)
    worst = sorted(
        (
            (sum(counts), service_names[service], template, len(counts))
            for (service, template), counts in templates.items()
            if len(counts) >= MOST_NAMES_OF_TEMPLATE
        ),
        reverse=True,
    )
    if not worst:
        return []
    _, service_name, template, distinct = worst[0]
    return [
        Finding(
            code="ids_in_names",
            count=sum(count for count, *_ in worst),
            total=int(calls.sum()),
            where=tuple(dict.fromkeys(service for _, service, *_ in worst))[:_PLACES_SHOWN],
            detail=f"{service_name}: {distinct} names like {template}",
        )
    ]
