"""Caps how many operation names a service may have, and finds the rule that would mend names with ids in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.spans import SPAN_SCHEMA, SpanBatch
from tracetune.traces.grouping import group_rows

OTHER = "other"

MOST_SERVICES = 5_000
"""Service names beyond are counted together as well: a sender of made-up names must not fill the memory."""

_EXAMPLES = 200

_ID_PART = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUID
    r"|(?=[0-9a-f]*[0-9])[0-9a-f]{8,}"  # hexadecimal with a digit
    r"|(?<![a-zA-Z0-9])[0-9]+(?![a-zA-Z0-9])"  # a number by itself
    r"|(?<=[-_/.])[0-9]+"  # a number after a separator, also before letters
    r"|(?<=[a-zA-Z])[0-9]{3,}",  # or a long one behind letters
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Overflow:
    """A service with too many operation names, and the rule that would make few of most of them.

    Attributes:
        spans: how many were counted as ``other``.
        rule: a regular expression and what to put in its place, as "/user/[0-9a-f-]+ -> /user/{id}"; "" where none is seen.
    """

    service_name: str
    spans: int
    rule: str


class NameCap:
    """Lets the first ``most`` operation names of each service through, and calls the others ``other``.

    Args:
        most: names a service may have.
        known: names by service, to go on with those of before.
    """

    def __init__(self, most: int, known: Mapping[str, list[str]] | None = None) -> None:
        self._most = most
        self._known = {service: set(names) for service, names in (known or {}).items()}
        self._spans: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def known(self) -> dict[str, list[str]]:
        """The names that are let through, by service."""
        return {service: sorted(names) for service, names in self._known.items()}

    def overflows(self) -> tuple[Overflow, ...]:
        """The services with too many names, the worst first."""
        return tuple(
            Overflow(service, spans, _rule(self._examples.get(service, [])))
            for service, spans in self._spans.most_common()
        )

    def apply(self, spans: SpanBatch) -> SpanBatch:
        """The same spans with the names that are too many replaced."""
        if not len(spans):
            return spans
        services, service_names = spans.labels("service_name")
        names, span_names = spans.labels("name")
        first, group = group_rows(services, names)
        sizes = np.bincount(group, minlength=len(first))
        is_over = np.zeros(len(first), np.bool_)
        new_services: dict[int, int] = {}
        for at, row in enumerate(first.tolist()):
            service, name = service_names[services[row]], span_names[names[row]]
            known = self._known.get(service)
            if known is None and len(self._known) >= MOST_SERVICES:
                new_services[int(services[row])] = 0
                service, known = OTHER, self._known.setdefault(OTHER, set())
            known = self._known.setdefault(service, set()) if known is None else known
            if name not in known:
                if len(known) < self._most:
                    known.add(name)
                else:
                    is_over[at] = True
                    self._note(service, name, int(sizes[at]))
        found = _renamed(spans, "name", is_over[group]) if is_over.any() else spans
        if new_services:
            found = _renamed(found, "service_name", np.isin(services, list(new_services)))
        return found

    def _note(self, service: str, name: str, spans: int) -> None:
        self._spans[service] += spans
        examples = self._examples.setdefault(service, [])
        if len(examples) < _EXAMPLES:
            examples.append(name)


def _renamed(spans: SpanBatch, column: str, rows: NDArray[np.bool_]) -> SpanBatch:
    """OTHER in these rows of a label column; strings that no row uses any more are dropped."""
    codes, values = spans.labels(column)
    other = values.index(OTHER) if OTHER in values else len(values)
    used, new = np.unique(np.where(rows, other, codes), return_inverse=True)
    texts = [OTHER if code == other else values[code] for code in used.tolist()]
    array = pa.DictionaryArray.from_arrays(pa.array(new.astype(np.int32)), pa.array(texts, pa.string()))
    place = SPAN_SCHEMA.get_field_index(column)
    return SpanBatch(spans.table.set_column(place, SPAN_SCHEMA.field(place), array))


def _rule(examples: list[str]) -> str:
    """The template that most of the names have, if a tenth of them or more share it."""
    templates: Counter[str] = Counter()
    for name in examples:
        template, ids = _ID_PART.subn("{id}", name)
        templates[template] += bool(ids)
    if not templates:
        return ""
    template, count = templates.most_common(1)[0]
    if count < 2 or 10 * count < len(examples):
        return ""
    pattern = "[0-9a-fA-F-]+".join(re.escape(part) for part in template.split("{id}"))
    return f"{pattern} -> {template}"
