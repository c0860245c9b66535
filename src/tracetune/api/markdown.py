"""An incident as Markdown, to paste into a post-mortem."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from tracetune.api.schemas import AnomalyItem, IncidentDetail
from tracetune.domain import words

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")


def markdown(found: IncidentDetail) -> str:
    """The incident: what happened, why we think so, what to do, and when what was noticed."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: IncidentDetail) -> Iterator[str]:
    item = found.incident
    until = f"to {item.end}" if item.end else "and goes on"
    yield f"# {_text(item.headline)}"
    yield ""
    yield f"{item.id} · {item.severity} · from {item.onset} {until} · {words.number_of(item.minutes, 'minute')}"
    yield ""
    yield "## What happened"
    yield ""
    for anomaly in item.anomalies:
        yield f"- {anomaly.onset} **{_text(anomaly.service_name)}** {_text(anomaly.span_name)}: {_range(anomaly)}"
    yield ""
    yield "## Why we think so"
    yield ""
    for cause in found.causes:
        name = f"{cause.service_name}: " if cause.service_name else ""
        yield f"- **{_text(name + cause.kind.replace('_', ' '))}**, confidence {cause.confidence:.2f}"
        yield from (f"    - for it: {_text(each)}" for each in cause.evidence)
        yield from (f"    - against it: {_text(each)}" for each in cause.against)
    yield from _own_times(found)
    if found.advice:
        yield ""
        yield "## What to do"
        yield ""
        for advice in found.advice:
            yield f"- {_text(next(iter(advice.reasons), advice.unlock))}"
    yield ""
    yield "## Timeline"
    yield ""
    yield from (f"- {each.time} {each.kind}: {_text(each.text)}" for each in found.timeline)


def _own_times(found: IncidentDetail) -> Iterator[str]:
    if not found.contributions:
        return
    yield ""
    yield f"Own time on the critical path of {_text(found.incident.entry)}:"
    yield ""
    yield "| service | usual | now | of the rise |"
    yield "|---|---:|---:|---:|"
    for part in found.contributions:
        usual, now = words.duration(part.usual_seconds), words.duration(part.now_seconds)
        yield f"| {_text(part.service_name)} | {usual} | {now} | {words.share(part.share_of_rise)} |"
    for part in found.contributions:
        if part.share_of_rise > words.WHOLE:
            yield ""
            yield f"{_text(part.service_name)}: {_text(part.of_the_rise)}."


def _range(anomaly: AnomalyItem) -> str:
    def shown(value: float | None) -> str:
        number = math.nan if value is None else value
        if anomaly.unit == "s":
            return words.duration(number)
        return words.share(number) if anomaly.unit == "ratio" else f"{words.count(number)}/min"

    bounds = f"{shown(anomaly.expected_lower)} to {shown(anomaly.expected_upper)}"
    return f"{anomaly.kind}, {shown(anomaly.observed)}, expected {bounds}"


def _text(text: str) -> str:
    """Text that means nothing to Markdown: names come from traces."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
