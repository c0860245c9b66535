"""Draws a recording as an SVG: the affected operation's latency and calls by the minute, with the fault's time."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tracetune_lab.faults import Truth
from tracetune_lab.recordings import Recording
from tracetune_lab.topology import span_name
from tracetune_lab.views import Column, Spans, read_spans

WIDTH, PANEL_HEIGHT, LEFT, TOP, GAP = 720, 130, 54, 34, 30
BUCKETS_MOST = 60
# Okabe and Ito's palette, told apart by most colour-blind people.
LINES = {"p50": "#0072b2", "p95": "#d55e00", "own time p50": "#009e73", "calls": "#555555", "errors": "#cc0000"}


class Panel(NamedTuple):
    """One chart: a title and named series of shape (bucket,), NaN where there is no call."""

    title: str
    series: dict[str, Column]


def draw(recording: Recording, path: Path) -> str:
    """Draw a recording's affected operation, or its entry, and say where the picture is."""
    manifest = recording.manifest
    spans = read_spans(recording)
    truth = next(iter(recording.truths()), None)
    service, name = _subject(recording, spans, truth)
    start = manifest.load_started_unix_nano
    seconds = float(manifest.scenario["run_seconds"])
    width = max(20.0, seconds / BUCKETS_MOST)
    panels = _panels(spans.server(service, name), start, seconds, width)
    title = f"{manifest.scenario['name']}: {service} {name.rpartition(':9080')[2]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_svg(title, panels, seconds, [_shade(each, start) for each in recording.truths()]))
    return str(path)


def _subject(recording: Recording, spans: Spans, truth: Truth | None) -> tuple[str, str]:
    """The (service_name, span name) to draw; for the SDK alone the name is the operation itself."""
    topology = recording.manifest.topology
    entry, mix = topology["entry"]["service"], topology["entry"]["mix"]
    service = truth.service if truth and truth.service else entry
    operation = (
        truth.operation if truth and truth.operation else next(iter(topology["services"][service]["operations"]))
    )
    if service == entry and not (truth and truth.operation):
        operation = max(mix, key=mix.get)
    known = spans.operations()
    candidates = [(f"{service}.default", span_name(service, operation)), (f"{service}.default", operation)]
    return next(candidate for candidate in candidates if candidate in known)


def _panels(served: Spans, start: int, seconds: float, width: float) -> list[Panel]:
    count = int(np.ceil(seconds / width))
    bucket = ((served.start_unix_nano - start) / 1e9 // width).astype(int)
    latency = {"p50": np.full(count, np.nan), "p95": np.full(count, np.nan), "own time p50": np.full(count, np.nan)}
    calls, errors = np.zeros(count), np.zeros(count)
    for place in range(count):
        inside = served.where(bucket == place)
        calls[place], errors[place] = len(inside.kind) / width * 60, inside.is_error.sum() / width * 60
        if len(inside.kind):
            latency["p50"][place], latency["p95"][place] = np.quantile(inside.duration_seconds, (0.5, 0.95)) * 1000
            latency["own time p50"][place] = np.median(inside.own_seconds) * 1000
    return [Panel("milliseconds", latency), Panel("a minute", {"calls": calls, "errors": errors})]


def _shade(truth: Truth, start: int) -> tuple[float, float, str]:
    return (truth.start_unix_nano - start) / 1e9, (truth.end_unix_nano - start) / 1e9, truth.kind


def _svg(title: str, panels: list[Panel], seconds: float, shades: list[tuple[float, float, str]]) -> str:
    height = TOP + len(panels) * (PANEL_HEIGHT + GAP) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/><text x="{LEFT}" y="18" font-size="13">{title}</text>',
    ]
    for number, panel in enumerate(panels):
        parts.extend(_panel(panel, TOP + number * (PANEL_HEIGHT + GAP), seconds, shades))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, top: float, seconds: float, shades: list[tuple[float, float, str]]) -> list[str]:
    right, bottom = WIDTH - 12, top + PANEL_HEIGHT
    most = max([1.0, *(float(np.nanmax(line)) for line in panel.series.values() if np.isfinite(line).any())])

    def across(at_seconds: float) -> float:
        return LEFT + at_seconds / seconds * (right - LEFT)

    parts = [
        f'<rect x="{across(begin):.1f}" y="{top}" width="{across(end) - across(begin):.1f}" height="{PANEL_HEIGHT}"'
        f' fill="#f0e442" fill-opacity="0.3"><title>{kind}</title></rect>'
        for begin, end, kind in shades
    ]
    parts.append(f'<path d="M{LEFT} {top}V{bottom}H{right}" stroke="#999" fill="none"/>')
    parts.append(f'<text x="{LEFT - 6}" y="{top + 9}" text-anchor="end">{most:.0f}</text>')
    parts.append(f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">0</text>')
    minutes = max(1, round(seconds / 60 / 8))
    parts += [
        f'<text x="{across(minute * 60):.0f}" y="{bottom + 13}" text-anchor="middle">{minute} min</text>'
        for minute in range(0, int(seconds / 60) + 1, minutes)
    ]
    for number, (name, line) in enumerate(panel.series.items()):
        parts.append(_line(line, most, (top, bottom), (LEFT, right), LINES[name]))
        parts.append(
            f'<text x="{right - 90 * number}" y="{top - 4}" text-anchor="end" fill="{LINES[name]}">{name}</text>'
        )
    parts.append(f'<text x="{LEFT + 4}" y="{top - 4}" fill="#666">{panel.title}</text>')
    return parts


def _line(line: Column, most: float, tall: tuple[float, float], wide: tuple[float, float], colour: str) -> str:
    step = (wide[1] - wide[0]) / len(line)
    path, drawing = "", False
    for place, value in enumerate(line):
        if np.isnan(value):
            drawing = False
            continue
        x, y = wide[0] + (place + 0.5) * step, tall[1] - value / most * (tall[1] - tall[0])
        path += f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}"
        drawing = True
    return f'<path d="{path}" stroke="{colour}" stroke-width="1.6" fill="none"/>'
