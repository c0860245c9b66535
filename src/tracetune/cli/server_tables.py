"""What a running server says of its services, as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from tracetune.cli.fitted import FittedTable
from tracetune.cli.tables import GLYPHS, sparkline
from tracetune.domain import words
from tracetune.domain.anomalies import Severity

Json = Mapping[str, Any]


def services(found: Sequence[Json]) -> RenderableType:
    """One service a line."""
    if not found:
        return Text("No service was met yet.")
    right = ("CALLS/MIN", "ERRORS", "P50", "P95", "REPLICAS")
    table = FittedTable(
        "", "SERVICE", "STATE", *right, "VERSION", "P95 OVER TIME",
        right=right, folds=("SERVICE", "STATE", "VERSION"), spare=("P95 OVER TIME",), lead=2,
    )  # fmt: skip
    for each in found:
        table.add_row(*_row(each), _number(each["replicas"]), Text(each["version"], style="dim"), _course(each))
    return table


def service(found: Json) -> RenderableType:
    """One service in full: what to say first, its operations, its neighbours and the advice about it."""
    item = found["service"]
    glyph, style = _glyph(item["severity"])
    parts: list[RenderableType] = [
        Text.assemble((f"{glyph} ", style), (item["service_name"], "bold"), f"  {found['sentence']}"),
        "",
    ]
    right = ("CALLS", "ERRORS", "P50", "P95")
    table = FittedTable(
        "", "OPERATION", *right, "P95 OVER TIME", right=right, folds=("OPERATION",), spare=("P95 OVER TIME",), lead=2
    )
    for each in found["operations"]:
        mark, colour = _glyph(each["severity"])
        share = words.share(each["errors"] / each["calls"]) if each["calls"] else "–"
        table.add_row(
            Text(mark, style=colour),
            each["span_name"],
            words.count(each["calls"]),
            share,
            _duration(each["p50"]),
            _duration(each["p95"]),
            _course(each),
        )
    parts.append(table)
    for title, name in (("called by", "callers"), ("calls", "callees")):
        if found[name]:
            parts.append(Text(f"  {title}: {', '.join(each['service_name'] for each in found[name])}", style="dim"))
    parts += [Text(f"  {each['id']}  {each['headline']}") for each in found["incidents"]]
    parts += [Text(f"  → {next(iter(each['reasons']), each['unlock'])}", style="dim") for each in found["advice"]]
    return Group(*parts)


def _row(each: Json) -> list[Text | str]:
    glyph, style = _glyph(each["severity"])
    cause = "  ← likely cause" if each["is_cause"] and each["severity"] else ""
    return [
        Text(glyph, style=style),
        Text(each["service_name"], style="bold").append(cause, style="orange1"),
        Text(each["state"], style="dim"),
        words.count(each["calls_per_minute"]),
        words.share(math.nan if each["error_ratio"] is None else each["error_ratio"]),
        _duration(each["p50"]),
        _duration(each["p95"]),
    ]


def _glyph(severity: str) -> tuple[str, str]:
    return GLYPHS[Severity(severity)] if severity else ("·", "dim")


def _duration(seconds: float | None) -> str:
    return words.duration(math.nan if seconds is None else seconds)


def _number(value: float | None) -> str:
    return "?" if value is None else words.count(value)


def _course(each: Json) -> Text:
    return sparkline(np.array([math.nan if value is None else value for value in each["course"]]))
