"""The sentence that stands first in each proof: what it says of tracetune, also where that is not flattering."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, median_high

from tracetune.domain import words
from tracetune.proofs.backtest import Backtest, Side
from tracetune.proofs.histories import Comparison
from tracetune.proofs.pages import Score
from tracetune.proofs.power import Power


def backtest(found: Backtest) -> str:
    """Hits, delay and false pages of both sides where the truth is known; else pages, time in alarm and agreement."""
    ours, theirs = found.tracetune, found.static
    during = f"In the {words.length(found.judged)} judged"
    if ours.score is not None and theirs.score is not None:
        faults = len(ours.score.delays)
        none = "" if faults else " nothing was wrong:"
        return f"{during}{none} tracetune paged {_scored(ours.score)}; the static thresholds {_scored(theirs.score)}."
    agreed = len({a for a, _ in found.both})
    together = f"they agree on {words.number_of(agreed, 'page')}" if agreed else "they agree on none"
    return f"{during}, tracetune would have paged {_rung(ours)}; the static thresholds {_rung(theirs)}; {together}."


def power(found: Power) -> str:
    """The size that most operations are caught at, how fast, and how many are never caught."""
    caught = [each.smallest for each in found.operations if each.smallest is not None]
    count = words.number_of(len(found.operations), "operation")
    if not caught:
        largest = found.operations[0].caught[-1].factor if found.operations else 0.0
        return f"No slowdown up to {largest:g}× is caught reliably in any of {count}."
    usual = median_high(each.factor for each in caught)
    within = [each for each in found.operations if each.smallest is not None and each.smallest.factor <= usual]
    delays = [d for each in within for c in each.caught if c.factor == usual for d in c.delays]
    sentence = (
        f"Slowed down to {usual:g}× for {words.length(found.lasting_minutes)}, {len(within)} of {count} are caught, "
        f"half of the times within {words.number_of(round(median(delays)), 'minute')}"
    )
    never = len(found.operations) - len(caught)
    largest = found.operations[0].caught[-1].factor
    return f"{sentence}; {never} not even at {largest:g}×." if never else f"{sentence}."


def histories(found: Comparison) -> str:
    """Whether more history helps, by how much, and what there were no data for."""
    first = min(found.histories, key=lambda each: each.minutes)
    best = min(found.histories, key=lambda each: each.loss)
    injected = words.number_of(best.trials, "injected slowdown")
    finds = f"finds {best.hits} of {injected}, and {words.number_of(best.others, 'anomaly', 'anomalies')} where none was put"
    if len(found.histories) == 1:
        sentence = f"{best.name} of history {finds}"
    elif best is first:
        sentence = f"More history does not help here: {best.name} forecasts best, and {finds}"
    else:
        better = words.share(1.0 - best.loss / first.loss)
        sentence = f"{best.name} of history beats {first.name} by {better} in forecast error and {finds}"
        sentence += f", beside {first.hits} and {first.others}"
    return "; ".join([sentence, *found.too_long]) + "."


def _scored(score: Score) -> str:
    false = f"{times(score.false)} for nothing"
    if not score.delays:
        return false
    delays = [delay for delay in score.delays if delay is not None]
    after = f", {words.number_of(round(median(delays)), 'minute')} after the start," if delays else ""
    return f"for {score.hits} of {words.number_of(len(score.delays), 'fault')}{after} and {false}"


def _rung(side: Side) -> str:
    return f"{times(len(side.pages))} ({words.length(side.alarm_minutes)} in alarm)" if side.pages else "never"


def times(count: int) -> str:
    """How often.

    >>> times(0), times(1), times(7)
    ('never', 'once', '7 times')
    """
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{words.count(count)} times")


def spread(delays: Sequence[float]) -> str:
    """The median of some delays in minutes, and their range where there are several."""
    if not delays:
        return "–"
    middle = f"{median(delays):.0f} min"
    return middle if len(delays) == 1 else f"{middle} ({min(delays):.0f}–{max(delays):.0f})"
