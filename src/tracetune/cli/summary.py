"""What each command says: one sentence first, the table second, what to do next third."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from tracetune.cli import tables
from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, foremost
from tracetune.domain.analysis import Analysis, Ingested
from tracetune.domain.anomalies import Incident, Severity
from tracetune.settings import Entry

_ADVICE_SHOWN = 5
_ROWS_SHOWN = 6
_BROKEN_SHOWN = 5
_NAMES_SHOWN = 6
_DAY_NANOS = 86_400 * 10**9


def summary(found: Analysis, report: Path | None) -> RenderableType:
    """The whole answer on one screen."""
    parts: list[RenderableType] = [_headline(found), _facts(found.ingested), *_unreadable(found.ingested)]
    if found.incidents:
        parts += ["", tables.anomalies(found, _telling(found.incidents), most=_ROWS_SHOWN), _tally(found)]
    parts += [Text(f"· {limit}", style="dim") for limit in found.learned.limits]
    acting = [each for each in found.advice if each.action is Action.SET][:_ADVICE_SHOWN]
    if acting:
        parts += ["", tables.advice(acting)]
    elif found.advice:
        parts += ["", Text(f"· {_sentence(found.advice[0])}")]
    if report is not None:
        parts += ["", Text(f"Report: {report}")]
    elif found.incidents:
        parts += [
            "",
            Text("Why: tracetune explain FILE...   ·   Page: tracetune analyze FILE... --report out.html", style="dim"),
        ]
    return Group(*parts)


def anomalies(found: Analysis) -> RenderableType:
    """Every anomaly of every incident."""
    if not found.incidents:
        return Group(_headline(found), *(Text(f"· {limit}", style="dim") for limit in found.learned.limits))
    return Group(tables.anomalies(found, found.incidents), _tally(found))


def explanations(found: Analysis, chosen: Sequence[Incident]) -> RenderableType:
    """Each of these incidents in full."""
    if not chosen:
        return _headline(found)
    parts: list[RenderableType] = []
    for incident in chosen:
        parts += [tables.explanation(incident, found.rankings[incident.id]), ""]
    return Group(*parts[:-1])


def advice(chosen: Sequence[Advice], *, everything: bool = False) -> RenderableType:
    """Advice as a table, what is folded in a line a kind, and what would allow more of it."""
    if not chosen:
        return Text("No service to advise about was found in these traces.")
    if everything:
        unlocks = dict.fromkeys(each.unlock for each in chosen if each.unlock)
        return Group(tables.advice(chosen), *(Text(f"· {unlock}", style="dim") for unlock in unlocks))
    shown = [each for each in chosen if not each.is_minor]
    lines = [Text(line, style="dim") for line in folded(chosen)]
    table = tables.advice(shown) if shown else Text("Nothing to change.", style="bold")
    return Group(table, *lines)


def folded(chosen: Sequence[Advice]) -> list[str]:
    """One line for each kind of advice that asks for nothing, with whom it is about and what would unlock it."""
    kinds: dict[tuple[Action, str, str], list[Advice]] = {}
    for each in chosen:
        if each.is_minor:
            kinds.setdefault((each.action, each.knob.value.replace("_", " "), each.unlock), []).append(each)
    lines = []
    for (action, knob, unlock), group in kinds.items():
        names = [f"{each.target_service} to {each.peer}" if each.peer else each.target_service for each in group]
        listed = ", ".join(names[:_NAMES_SHOWN]) + (
            f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        )
        if action is Action.KEEP:
            lines.append(f"· {len(group)} more {'says' if len(group) == 1 else 'say'} keep ({knob}): {listed}")
        else:
            lines.append(f"· {knob} of {listed} cannot be said yet{f'; what would help: {unlock}' if unlock else ''}")
    return lines


def last_word(all_advice: Sequence[Advice], page: Path | None = None) -> str:
    """One sentence of advice: on replicas, where there is some, else the most useful; ``page`` holds its what-ifs."""
    chosen = foremost(all_advice)
    if chosen is None:
        return "Advice: nothing to change."
    because = f": {chosen.reasons[1]}" if len(chosen.reasons) > 1 else ""
    opened = f"; for its what-if open {page}#whatif" if page else "."  # a full stop would end in the copied address
    return f"Advice: {chosen.reasons[0]}{because}{opened}"


def doctor(found: Ingested) -> RenderableType:
    """What was read and what is wrong with it."""
    return Group(_facts(found), *_unreadable(found), "", tables.findings(found.findings))


def settings(entries: Sequence[Entry]) -> RenderableType:
    """Each setting as it would stand in a file, with its origin."""
    lines = [f"{entry.key} = {entry.shown()!r}  # {entry.origin}" for entry in entries]
    return Text("\n".join(lines))


def _headline(found: Analysis) -> Text:
    loudest = found.incidents[0].severity if found.incidents else None
    glyph, style = tables.GLYPHS[loudest] if loudest in (Severity.CRITICAL, Severity.WARNING) else ("·", "dim")
    return Text.assemble((f"{glyph} ", style), (found.headline, "bold"))


def _facts(found: Ingested) -> Text:
    files = words.number_of(len(found.sources), "file")
    period = _period(found.start_time_unix_nano, found.end_time_unix_nano)
    spans, traces = words.number_of(found.spans, "span"), words.number_of(found.traces, "trace")
    return Text(f"  {traces}, {spans}, {words.number_of(found.services, 'service')} · {period} · {files}", style="dim")


def _period(start_nano: int, end_nano: int) -> str:
    if not end_nano:
        return "no time at all"
    start, end = start_nano // (60 * 10**9), end_nano // (60 * 10**9)
    first = words.timestamp(start).replace("T", " ")[:16]
    last = words.clock(end) if end_nano - start_nano < _DAY_NANOS else words.timestamp(end).replace("T", " ")[:16]
    return f"{first}–{last} UTC"


def _unreadable(found: Ingested) -> list[RenderableType]:
    """Files that could not be used, or not to their end; files beside traces that are none are only counted."""
    bad = [source for source in found.sources if source.error]
    strangers = [source for source in bad if not source.format and len(found.sources) > 1 and found.spans]
    broken = [source for source in bad if source not in strangers]
    lines: list[RenderableType] = [
        Text(f"  not read: {source.error}", style="yellow") for source in broken[:_BROKEN_SHOWN]
    ]
    if len(broken) > _BROKEN_SHOWN:
        more = words.number_of(len(broken) - _BROKEN_SHOWN, "more file")
        lines.append(Text(f"  and {more} not read", style="yellow"))
    if strangers:
        names = ", ".join(Path(source.name).name for source in strangers[:3])
        lines.append(Text(f"  no traces: {names}{' …' if len(strangers) > 3 else ''}", style="dim"))
    return lines


def _telling(incidents: Sequence[Incident]) -> list[Incident]:
    """The incidents worth a screen: all that are not minor, else the first few."""
    loud = [incident for incident in incidents if incident.severity is not Severity.MINOR]
    return loud or list(incidents[:3])


def _tally(found: Analysis) -> Text:
    affected = {name for incident in found.incidents for name in incident.services}
    expected = len({key.service_name for key in found.learned.series.keys} - affected)
    ended = sum(incident.end is not None for incident in found.incidents)
    minor = sum(incident.severity is Severity.MINOR for incident in found.incidents)
    parts = [
        words.number_of(len(found.incidents), "incident"),
        f"{ended} ended",
        f"{minor} minor",
        f"{expected} services as expected",
    ]
    return Text(" · ".join(parts), style="dim")


def _sentence(found: Advice) -> str:
    reason = found.reasons[0] if found.reasons else found.unlock
    return f"{found.target_service}: {reason}"
