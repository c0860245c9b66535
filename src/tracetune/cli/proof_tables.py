"""What the proof tools found, for a terminal: the sentence, the table, and what it rests on."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from tracetune.cli.fitted import FittedTable
from tracetune.domain import words
from tracetune.forecasting.gate import WORDS
from tracetune.proofs import sentences
from tracetune.proofs.backtest import Backtest, Side
from tracetune.proofs.histories import Comparison
from tracetune.proofs.pages import Page, a_week
from tracetune.proofs.power import Power

_MINUTES_PER_DAY = 1440


def backtest(found: Backtest) -> RenderableType:
    """Both sides in a line each, then every page by time."""
    parts: list[RenderableType] = [
        Text(sentences.backtest(found), style="bold"),
        Text(
            f"  learned from {_time(found.first)}, judged {_time(found.cut)} to {_time(found.last)} UTC, "
            "learning again each day from everything before",
            style="dim",
        ),
        "",
        _sides(found),
        "",
    ]
    rung = [("tracetune", page) for page in found.tracetune.pages] + [("static", page) for page in found.static.pages]
    if rung:
        table = FittedTable("RANG", "BEGUN", "LASTED", "BY", "ABOUT", folds=("BY", "ABOUT"))
        for name, page in sorted(rung, key=lambda each: each[1].at):
            table.add_row(*_page(name, page))
        parts += [table, ""]
    parts += _missed(found)
    origin = "found in the first half, silent there:" if found.found else "given:"
    parts.append(Text(f"· static thresholds, {origin} {'; '.join(map(str, found.rules)) or 'none'}", style="dim"))
    if found.cut - found.first < _MINUTES_PER_DAY:
        parts.append(
            Text("· the first half is shorter than a day: neither side has seen every hour of one", style="dim")
        )
    if found.happened is None:
        parts.append(Text("· without --truth nobody knows which pages were right", style="dim"))
    return Group(*parts)


def power(found: Power) -> RenderableType:
    """Services, then operations: the smallest size that is caught, how fast, and how often each size was."""
    sizes = [size.factor for size in found.operations[0].caught]
    columns = ["SERVICE", "OPERATION", "CALLS/MIN", "SMALLEST", "AFTER", *(f"AT {size:g}×" for size in sizes)]
    table = FittedTable(*columns, right=columns[2:], folds=columns[:2], lead=2)
    for each in (*found.services, *found.operations):
        if each is found.operations[0]:
            table.add_section()
        smallest = each.smallest
        table.add_row(
            each.key.service_name,
            Text(each.key.span_name) if each.key.span_name else Text("any of them", style="dim"),
            f"{each.calls_a_minute:.0f}",
            f"{smallest.factor:g}×" if smallest else "–",
            sentences.spread(smallest.delays) if smallest else "",
            *(f"{len(size.delays)}/{size.trials}" for size in each.caught),
        )
    return Group(
        Text(sentences.power(found), style="bold"),
        Text(
            f"  learned from {_time(found.first)} to {_time(found.cut)}, tried at {words.number_of(len(found.starts), 'minute')} "
            f"until {_time(found.last)} UTC; caught means shown, in at least four of five trials",
            style="dim",
        ),
        "",
        table,
        "",
        Text("· trials are fewer where an operation was quiet or something real happened to it", style="dim"),
        Text("· only the operation's own latency was changed; its callers would follow, which only helps", style="dim"),
    )


def histories(found: Comparison) -> RenderableType:
    """Each length of history in a line."""
    columns = ["HISTORY", "LOSS", "COVERAGE", "MASE", "FOUND", "OTHERS", "F1", "ALARM AT", "WHO SPEAKS"]
    table = FittedTable(*columns, right=columns[1:-1], folds=columns[-1:])
    best = min(each.loss for each in found.histories)
    for each in found.histories:
        speakers = ", ".join(f"{WORDS.get(model, model)} for {count}" for model, count in each.speakers.items())
        style = "bold" if each.loss == best else ""
        cells = [
            each.name,
            words.share(each.loss),
            words.share(each.coverage),
            f"{each.mase:.2f}",
            f"{each.hits}/{each.trials}",
            str(each.others),
            f"{each.f1:.2f}",
            f"{each.threshold:.1f} σ",
            speakers,
        ]
        table.add_row(*(Text(cell, style=style) for cell in cells))
    return Group(
        Text(sentences.histories(found), style="bold"),
        Text(f"  each learned before {_time(found.cut)} and was judged until {_time(found.last)} UTC", style="dim"),
        "",
        table,
        "",
        Text(
            "· loss: pinball loss of the p95 over the mean p95; coverage: of the 98 % band, so 98 % is right",
            style="dim",
        ),
        Text(
            "· found: of slowdowns to 1.5–3× for 10–30 minutes; others: anomalies where none was put and that not every "
            "history sees",
            style="dim",
        ),
    )


def _sides(found: Backtest) -> RenderableType:
    scored = found.happened is not None
    columns = ["", "PAGES", "A WEEK", "IN ALARM", "SHOWN", "A WEEK "]
    columns += ["HITS", "MISSES", "DELAY", "FALSE"] if scored else []
    table = FittedTable(*columns, right=columns[1:], folds=columns[:1])
    for name, side in (("tracetune", found.tracetune), ("static thresholds", found.static)):
        table.add_row(name, *_side(side, found.judged))
    return table


def _side(side: Side, judged: int) -> list[str]:
    cells = [
        str(len(side.pages)),
        f"{a_week(len(side.pages), judged):.1f}",
        words.length(side.alarm_minutes) if side.alarm_minutes else "–",
        str(side.incidents),
        f"{a_week(side.incidents, judged):.1f}",
    ]
    if side.score is not None:
        score = side.score
        delays = [delay for delay in score.delays if delay is not None]
        cells += [str(score.hits), str(len(score.delays) - score.hits), sentences.spread(delays), str(score.false)]
    return cells


def _page(name: str, page: Page) -> list[str]:
    return [_time(page.at), words.clock(page.start), words.length(page.end - page.start), name, page.about]


def _missed(found: Backtest) -> list[RenderableType]:
    """Faults that one side did not page for."""
    if found.happened is None:
        return []
    faults = [each for each in found.happened if each.is_fault]
    lines: list[RenderableType] = []
    for name, side in (("tracetune", found.tracetune), ("the static thresholds", found.static)):
        delays = side.score.delays if side.score is not None else ()
        for fault, delay in zip(faults, delays, strict=True):
            if delay is None:
                where = f" in {fault.service_name}" if fault.service_name else ""
                lines.append(Text(f"· missed by {name}: {fault.kind}{where}, {_time(fault.start)}", style="yellow"))
    return lines


def _time(minute: int) -> str:
    return words.timestamp(minute).replace("T", " ")[:16]
