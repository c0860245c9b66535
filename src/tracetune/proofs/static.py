"""Static thresholds, as people write them: read, looked for in history, and what they would have paged for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracetune.domain import words
from tracetune.domain.minutes import MinuteBatch, column, histograms, labels
from tracetune.errors import InvalidInput
from tracetune.proofs.pages import Page, without_pauses

Values = NDArray[np.float64]

LEAST_CALLS = 3
"""A minute with fewer calls has no p95 to speak of; as for tracetune, so for the rules it is compared with."""

FOUND_MINUTES = 5
"""The rules that are looked for must hold for so many minutes, as alerting rules usually have it."""

_SIGNALS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_UNITS = {
    "ms": ("latency", 1e-3),
    "s": ("latency", 1.0),
    "µs": ("latency", 1e-6),
    "us": ("latency", 1e-6),
    "%": ("errors", 0.01),
    "/min": ("calls", 1.0),
    "/s": ("calls", 60.0),
}
_RULE = re.compile(
    r"(?P<service>\S+)(?:\s+(?P<operation>\S.*?))??\s+(?P<signal>p50|p95|p99|errors|calls)\s*(?P<sign>[<>])\s*"
    r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|µs|us|%|/min|/s)(?:\s+for\s+(?P<minutes>\d+)\s*m(?:in)?)?"
)
_HINT = "write it as 'frontend p95>500ms', 'checkout POST /orders errors>2% for 5m' or 'cart calls<10/min'"


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold on one service, or on one operation of it, for at least some minutes.

    Attributes:
        operation: "" for all of the service's operations together.
        signal: p50, p95 or p99 (seconds), errors (ratio 0 to 1) or calls (a minute).
        above: whether it fires above the limit, else below.
        minutes: it must hold in so many minutes after each other.
    """

    service: str
    operation: str
    signal: str
    above: bool
    limit: float
    minutes: int = 1

    def __str__(self) -> str:
        name = f"{self.service} {self.operation}".rstrip()
        lasting = f" for {self.minutes}m" if self.minutes > 1 else ""
        return f"{name} {self.signal}{'>' if self.above else '<'}{self.amount(self.limit)}{lasting}"

    def amount(self, value: float) -> str:
        """A value of this signal with its unit."""
        if self.signal == "errors":
            return words.share(value)
        return f"{words.count(value)}/min" if self.signal == "calls" else words.duration(value)


def parse(text: str) -> Rule:
    """The rule that somebody wrote.

    >>> str(parse("checkout POST /orders p95 > 0.5s for 5m"))
    'checkout POST /orders p95>500 ms for 5m'

    Raises:
        InvalidInput: It is not written as a rule, or its unit is not one of the signal's.
    """
    found = _RULE.fullmatch(text.strip())
    if not found:
        raise InvalidInput(f"the static threshold {text!r} cannot be read", hint=_HINT)
    signal, unit = found["signal"], found["unit"]
    kind, factor = _UNITS[unit]
    if kind != ("latency" if signal in _SIGNALS else signal):
        raise InvalidInput(f"the static threshold {text!r} measures {signal} in {unit}", hint=_HINT)
    minutes = int(found["minutes"] or 1)
    if minutes < 1:
        raise InvalidInput(f"the static threshold {text!r} must hold for a minute at least", hint=_HINT)
    limit = float(found["number"]) * factor
    return Rule(found["service"], found["operation"] or "", signal, found["sign"] == ">", limit, minutes)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a monitoring system would have stored: calls, errors and exact histograms by minute, of entry spans."""

    minutes: MinuteBatch
    period: range

    def values(self, rule: Rule) -> Values:
        """The signal in each minute of the period, (minute,); NaN where there is none.

        Raises:
            InvalidInput: There is no such service or operation; it names those there are.
        """
        table = self.minutes.operations
        rows = self._rows(rule)
        at = column(table, "minute")[rows] - self.period.start
        calls = np.bincount(at, weights=column(table, "calls")[rows], minlength=len(self.period))
        if rule.signal == "calls":
            observed = np.isin(np.arange(self.period.start, self.period.stop), column(table, "minute"))
            return np.where(observed, calls, np.nan)
        if rule.signal == "errors":
            errors = np.bincount(at, weights=column(table, "errors")[rows], minlength=len(self.period))
            return np.where(calls >= LEAST_CALLS, errors / np.maximum(calls, 1.0), np.nan)
        place = np.full(len(table), len(self.period), np.int64)
        place[rows] = at
        added = histograms(table, "duration").add_up(place, len(self.period) + 1)
        return np.where(calls >= LEAST_CALLS, added.quantile(_SIGNALS[rule.signal])[:-1], np.nan)

    def _rows(self, rule: Rule) -> NDArray[np.int64]:
        table = self.minutes.operations
        minute = column(table, "minute")
        within = table["is_entry"].to_numpy(zero_copy_only=False).astype(np.bool_)
        within &= (minute >= self.period.start) & (minute < self.period.stop)
        for name, wanted, what in (
            ("service_name", rule.service, "service"),
            ("span_name", rule.operation, f"operation of {rule.service}"),
        ):
            codes, known = labels(table, name)
            if wanted:
                chosen = within & (codes == (known.index(wanted) if wanted in known else -1))
                if not chosen.any():
                    there = sorted({known[code] for code in np.unique(codes[within])})
                    listed = ", ".join(there[:12]) + (" …" if len(there) > 12 else "")
                    raise InvalidInput(
                        f"the static threshold '{rule}': no {what} {wanted!r}", hint=f"there are: {listed}"
                    )
                within = chosen
        return np.flatnonzero(within)


def alarms(rule: Rule, watched: Watched, during: range) -> list[Page]:
    """Each stretch in which the rule holds for long enough; it rings at the end of the minute that makes it so.

    Short pauses end no stretch (``pages.PAUSE_MINUTES``).
    """
    values = watched.values(rule)
    with np.errstate(invalid="ignore"):
        beyond = (values > rule.limit) if rule.above else (values < rule.limit)
    beyond[: during.start - watched.period.start] = False
    edges = np.flatnonzero(np.diff(np.concatenate(([0], beyond.astype(np.int8), [0]))))
    found = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if last - first >= rule.minutes and first + watched.period.start < during.stop:
            begun = watched.period.start + first
            worst = values[first:last].max() if rule.above else values[first:last].min()
            about = f"{rule}: {rule.amount(float(worst))}"
            found.append(Page(begun + rule.minutes, begun, watched.period.start + last, about, (rule.service,)))
    return without_pauses(found)


def tightest(service: str, operation: str, signal: str, watched: Watched, calm: NDArray[np.bool_]) -> Rule | None:
    """The lowest limit that held in no FOUND_MINUTES calm minutes after each other; None where there are too few.

    Args:
        service: whose calls.
        operation: "" for all of them.
        signal: as a rule's.
        watched: the history.
        calm: (minute,), the minutes that may be looked at.
    """
    values = watched.values(Rule(service, operation, signal, above=True, limit=0.0))
    held = np.where(calm & np.isfinite(values), values, -np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(held, FOUND_MINUTES).min(axis=1)
    highest = float(windows.max(initial=-np.inf))
    if not np.isfinite(highest):
        return None
    step = 0.01 if signal == "errors" else 10.0 ** np.floor(np.log10(max(highest, 1e-6))) / 10.0
    limit = float(np.ceil(highest / step + 1e-9) * step)  # two digits, as somebody would write it
    return Rule(service, operation, signal, above=True, limit=limit, minutes=FOUND_MINUTES)


def found_rules(operations: Sequence[tuple[str, str]], watched: Watched, calm: NDArray[np.bool_]) -> tuple[Rule, ...]:
    """For each of these operations the tightest rules on p95 and errors that would have paged in no calm minute."""
    rules = [tightest(*each, signal, watched, calm) for each in operations for signal in ("p95", "errors")]
    return tuple(rule for rule in rules if rule is not None)


def objectives(text: str) -> dict[str, float]:
    """Seconds of p99 by operation, of objectives separated by semicolons, in the grammar of the rules.

    >>> objectives("GET /checkout p99<800ms; frontend GET /cart p99 < 0.3s")
    {'GET /checkout': 0.8, 'frontend GET /cart': 0.3}

    Raises:
        InvalidInput: It is not written as a rule, or is not an upper bound of p99.
    """
    found = {}
    for each in filter(None, map(str.strip, text.split(";"))):
        rule = parse(each)
        if rule.signal != "p99" or rule.above or rule.minutes != 1:
            raise InvalidInput(
                f"the objective {each!r} is not an upper bound of p99", hint="write it as 'GET /checkout p99<800ms'"
            )
        found[f"{rule.service} {rule.operation}".rstrip()] = rule.limit
    return found
