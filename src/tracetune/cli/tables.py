"""Answers as tables of one line a row, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracetune.cli.fitted import FittedTable
from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Knob
from tracetune.domain.analysis import Analysis
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import CauseKind, CauseRanking
from tracetune.domain.quality import Effect, Finding
from tracetune.domain.series import Metric, SeriesBatch

GLYPHS = {
    Severity.CRITICAL: ("▲", "bold orange1"),
    Severity.WARNING: ("◆", "yellow"),
    Severity.MINOR: ("■", "dim yellow"),
}
"""Shape and colour together, so that neither is needed alone."""

_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 16
_METRICS = {
    AnomalyKind.SLOWER: ("p95", Metric.LATENCY_P95),
    AnomalyKind.LOAD: ("p95", Metric.LATENCY_P95),
    AnomalyKind.ERRORS: ("errors", Metric.ERROR_RATIO),
    AnomalyKind.SURGE: ("calls", Metric.CALLS),
    AnomalyKind.DROP: ("calls", Metric.CALLS),
    AnomalyKind.MIX: ("calls", Metric.CALLS),
}


def anomalies(analysis: Analysis, incidents: Sequence[Incident], *, most: int | None = None) -> RenderableType:
    """Incidents, each with its anomalies, one a line, and the course of the hour around the onset.

    Args:
        analysis: what the incidents were found in.
        incidents: which to show.
        most: rows an incident; None for all.
    """
    table = FittedTable(
        "", "SERVICE", "OPERATION", "WHAT", "NOW", "EXPECTED", "WHEN", "COURSE",
        right=("NOW", "EXPECTED"), folds=("SERVICE", "OPERATION", "WHAT"), spare=("COURSE",), lead=3,
    )  # fmt: skip
    notes: list[RenderableType] = []
    for incident in incidents:
        culprit = _culprit(analysis.rankings.get(incident.id))
        for anomaly in incident.anomalies[:most]:
            is_cause = anomaly.key.service_name == culprit
            table.add_row(*_anomaly_cells(anomaly, analysis.learned.series, is_cause=is_cause))
        notes.append(_note(incident, analysis.rankings.get(incident.id), most))
        table.add_section()
    return Group(table, "", *notes)


def _culprit(ranking: CauseRanking | None) -> str | None:
    """The service that the likeliest cause blames; load blames nobody."""
    if ranking is None or not ranking.causes:
        return None
    first = ranking.causes[0]
    return None if first.kind in (CauseKind.LOAD, CauseKind.UNKNOWN) else first.service_name


def _note(incident: Incident, ranking: CauseRanking | None, most: int | None) -> RenderableType:
    glyph, style = GLYPHS[incident.severity]
    more = len(incident.anomalies) - (most or len(incident.anomalies))
    note = Text.assemble((incident.id, "bold"), f"  {ranking.headline if ranking else incident.kind.value}")
    if ranking and ranking.causes:
        first = ranking.causes[0]
        note.append(f" · {first.evidence[0]}" if first.evidence else "", style="dim")
    note.append(f" · {words.number_of(more, 'more anomaly', 'more anomalies')}" if more > 0 else "", style="dim")
    return hanging(Text(f"{glyph} ", style=style), note)


def _anomaly_cells(anomaly: Anomaly, series: SeriesBatch, *, is_cause: bool) -> list[Text]:
    glyph, style = GLYPHS[anomaly.severity]
    name, metric = _METRICS[anomaly.kind]
    length = f"{anomaly.end - anomaly.onset} min" if anomaly.end is not None else "goes on"
    return [
        Text(glyph, style=style),
        Text.assemble((anomaly.key.service_name, "bold"), (" ← likely cause" if is_cause else "", "orange1")),
        Text(anomaly.key.span_name),
        Text(f"{name} ({anomaly.kind.value})" if anomaly.kind is AnomalyKind.LOAD else name, style="dim"),
        Text(_value(anomaly, anomaly.observed), style=style),
        Text(_expected(anomaly), style="dim"),
        Text(f"{words.clock(anomaly.onset)} · {length}"),
        sparkline(_course(anomaly, series, metric), style),
    ]


def _value(anomaly: Anomaly, value: float) -> str:
    if anomaly.kind in (AnomalyKind.SLOWER, AnomalyKind.LOAD):
        return words.duration(value)
    return words.share(value) if anomaly.kind is AnomalyKind.ERRORS else f"{words.count(value)}/min"


def _expected(anomaly: Anomaly) -> str:
    lower, upper = anomaly.expected_lower, anomaly.expected_upper
    if anomaly.kind in (AnomalyKind.SLOWER, AnomalyKind.LOAD):
        return words.duration_range(lower, upper)
    if anomaly.kind is AnomalyKind.ERRORS:
        return f"≤ {words.share(upper)}"
    return f"{words.count(lower)}–{words.count(upper)}/min"


def _course(anomaly: Anomaly, series: SeriesBatch, metric: Metric) -> NDArray[np.float64]:
    """The metric from half an hour before the onset to half an hour after it."""
    row = series.keys.index(anomaly.key)
    onset = anomaly.onset - series.start_minute
    return series[metric][row, max(0, onset - 30) : onset + 30]


def sparkline(values: NDArray[np.float64], style: str = "") -> Text:
    """A line of block characters; a gap stays a gap."""
    text = Text()
    finite = values[np.isfinite(values)]
    if not len(finite):
        return text
    low, high = 0.8 * float(finite.min()), float(finite.max())
    for part in np.array_split(values, min(_SPARK_WIDTH, len(values))):
        seen = part[np.isfinite(part)]
        if not len(seen):
            text.append(" ")
            continue
        level = 0 if high <= low else round((float(seen.mean()) - low) / (high - low) * (len(_BLOCKS) - 1))
        text.append(_BLOCKS[level], style=style if level >= len(_BLOCKS) // 2 else "dim")
    return text


def explanation(incident: Incident, ranking: CauseRanking) -> RenderableType:
    """One incident in full: headline, what speaks for each cause and against it, and where the time went."""
    glyph, style = GLYPHS[incident.severity]
    until = f"{words.clock(incident.end)}, {incident.end - incident.onset} min" if incident.end is not None else "now"
    lines: list[RenderableType] = [
        hanging(Text(f"{glyph} ", style=style), Text(ranking.headline, style="bold")),
        Text(f"  {incident.id} · {words.clock(incident.onset)}–{until} · {incident.severity.value}", style="dim"),
    ]
    if ranking.release:
        lines.append(Text(f"  first seen shortly before: {ranking.release}"))
    for cause in ranking.causes:
        lines += ["", Text(f"  {_cause_title(cause.service_name, cause.kind)}  {cause.confidence:.2f}", style="bold")]
        lines += [hanging("    + ", Text(sentence)) for sentence in cause.evidence]
        lines += [hanging(Text("    − ", style="dim"), Text(sentence, style="dim")) for sentence in cause.against]
    if ranking.entry and ranking.contributions:
        lines += ["", _contributions(ranking)]
        beyond = [each for each in ranking.contributions if each.is_beyond_the_rise]
        lines += [Text(f"    {each.service_name}: {each.of_the_rise}", style="dim") for each in beyond]
    return Group(*lines)


def _cause_title(service_name: str, kind: CauseKind) -> str:
    return f"{service_name}: {kind.value.replace('_', ' ')}" if service_name else kind.value.replace("_", " ")


def _contributions(ranking: CauseRanking) -> FittedTable:
    right, path = ("USUAL", "NOW", "OF THE RISE"), "  OWN TIME ON THE CRITICAL PATH"
    table = FittedTable(path, *right, right=right, folds=(path,))
    table.add_row(f"  {ranking.entry}", words.duration(ranking.usual_seconds), words.duration(ranking.now_seconds), "")
    for part in ranking.contributions[:8]:
        usual, now = words.duration(part.usual_seconds), words.duration(part.now_seconds)
        table.add_row(f"    {part.service_name}", usual, now, words.share(part.share_of_rise))
    return table


class _AdviceTable:
    """Advice in columns, each with its reason whole on the line below; where columns do not fit, each as a sentence."""

    def __init__(self, found: Sequence[Advice]) -> None:
        self._rows = [(each, _advice_cells(each)) for each in found]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        head = ("", "SERVICE", "SETTING", "NOW", "", "ADVISED", "CONFIDENCE")
        cells = [head, *(row for _, row in self._rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
        fits = max(len(_padded(row, widths)) for row in cells) <= options.max_width
        if fits:
            yield Text(_padded(head, widths), style="dim")
        for each, row in self._rows:
            line = Text(_padded(row, widths) if fits else _in_words(row))
            line.stylize("yellow" if each.action is Action.SET else "dim", 0, 1)
            line.stylize("bold", _INDENT, _INDENT + len(row[1]))
            yield line if fits else hanging(line[:_INDENT], line[_INDENT:])
            yield Padding(Text(_why(each), style="dim"), (0, 0, 0, _INDENT), expand=False)


def advice(found: Sequence[Advice]) -> RenderableType:
    """Advice, each with its reason whole on the line below: whoever reads it at night is not to guess the end."""
    return _AdviceTable(found)


def hanging(mark: Text | str, text: Text) -> RenderableType:
    """Text behind a mark; its further lines begin below its own beginning."""
    grid = Table.grid(padding=0)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, text)
    return grid


def _advice_cells(found: Advice) -> tuple[str, ...]:
    acts = found.action is Action.SET
    return (
        "◆" if acts else "·",
        found.target_service,
        f"{found.knob.value.replace('_', ' ')}{f' to {found.peer}' if found.peer else ''}",
        _amount(found.current, found.unit),
        "→" if acts else "",
        _advised(found),
        found.confidence.value,
    )


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells in columns; numbers of NOW end where their column ends."""
    filled = [
        cell.rjust(width) if at == _RIGHT else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return (" " * _GAP).join(filled).rstrip()


def _in_words(cells: Sequence[str]) -> str:
    glyph, service, setting, now, arrow, advised, confidence = cells
    return f"{glyph}  {service} · {setting}: {f'{now} → {advised}' if arrow else advised} · {confidence} confidence"


_GAP, _RIGHT, _INDENT = 2, 3, 3


def _why(found: Advice) -> str:
    """The first reason that says more than the columns before it do, and what is to be expected."""
    is_restated = found.target is not None and len(found.reasons) > 1 and found.knob is not Knob.RETRIES
    is_restated &= not found.reasons[0].startswith("More replicas of") if found.reasons else False
    why = found.reasons[1] if is_restated else next(iter(found.reasons), found.unlock)
    return f"{why}; {found.effect}" if found.effect and found.knob in _WITH_EFFECT else why


_WITH_EFFECT = frozenset({Knob.REPLICAS, Knob.RETRIES, Knob.OUTLIER_DETECTION, Knob.CPU, Knob.MEMORY, Knob.PLACEMENT})


def _amount(value: float | None, unit: str) -> str:
    if value is None or not math.isfinite(value):
        return "?"
    if unit == "cores":
        return words.cores(value)
    return words.duration(value) if unit == "s" else words.count(value)


def _advised(found: Advice) -> str:
    if found.action is Action.CANNOT_SAY:
        return "cannot say"
    if found.target is None:
        return _deed(found)
    text = _amount(found.target, found.unit)
    if found.lower is not None and found.upper is not None and found.lower != found.upper:
        text += f" ({_amount(found.lower, found.unit)}–{_amount(found.upper, found.unit)})"
    return f"keep {text}" if found.action is Action.KEEP else text


def _deed(found: Advice) -> str:
    """Advice without a number: its unit names the version or the attribute."""
    if found.knob is Knob.ROLLBACK:
        return f"{'stay off' if found.action is Action.KEEP else 'roll back'} {found.unit}".rstrip()
    if found.knob is Knob.INSTRUMENTATION:
        return f"set {found.unit}"
    if found.knob is Knob.PLACEMENT:
        return f"off {found.unit}"
    return "keep"


def findings(found: Sequence[Finding]) -> RenderableType:
    """Problems of the span data, the most harmful first, each with its remedy on the line below."""
    if not found:
        return Text("No problems found in the spans.")
    lines: list[RenderableType] = []
    for each in found:
        glyph, style = ("▲", "orange1") if each.problem.effect is Effect.REJECTED else ("◆", "yellow")
        ratio = f" of {words.count(each.total)}, {words.share(each.count / each.total)}" if each.total else ""
        where = f" · {', '.join(each.where[:3])}{' …' if len(each.where) > 3 else ''}" if each.where else ""
        said = Text.assemble((each.problem.meaning, "bold"), f"  {words.count(each.count)}{ratio}")
        place = Text(f"{each.code}{where}{f' · {each.detail}' if each.detail else ''}", style="dim")
        lines.append(hanging(Text(f"{glyph} ", style=style), said))
        lines += [hanging("    ", place), hanging("    ", Text(each.problem.remedy))]
    return Group(*lines)
