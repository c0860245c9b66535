"""Pages: when somebody would have been woken, and which pages were for the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracetune.proofs.truth import Happening

PAUSE_MINUTES = 30
"""An alarm that comes again so soon after its end is the same page: it was not over."""

TOGETHER_MINUTES = 15
"""Alarms that begin within so many minutes are one page: a fault trips several of them."""

AFTERMATH_MINUTES = 10
"""A page shortly after the end still belongs to what happened: queues drain, and evidence takes minutes."""

MINUTES_PER_WEEK = 7 * 1440


@dataclass(frozen=True, slots=True)
class Page:
    """Somebody woken.

    Attributes:
        at: the minute, since the Unix epoch, after which the pager rang.
        start, end: minutes of what it rang for, half-open.
        about: one clause for people.
        services: those it named, the first one first.
    """

    at: int
    start: int
    end: int
    about: str
    services: tuple[str, ...]

    def meets(self, other: Page) -> bool:
        """Whether both are about the same minutes, or nearly."""
        return self.start < other.end + AFTERMATH_MINUTES and other.start < self.end + AFTERMATH_MINUTES

    def answers(self, happening: Happening) -> bool:
        """Whether it rang while this went on, or in its aftermath."""
        return happening.start <= self.at and self.start < happening.end + AFTERMATH_MINUTES


@dataclass(frozen=True, slots=True)
class Score:
    """How pages did against the truth.

    Attributes:
        delays: minutes from the start of each fault to its first page; None for a fault that was missed.
        false: pages for nothing that should wake anybody.
    """

    delays: tuple[int | None, ...]
    false: int

    @property
    def hits(self) -> int:
        """Faults that were paged for."""
        return sum(delay is not None for delay in self.delays)


def without_pauses(alarms: Sequence[Page]) -> list[Page]:
    """The alarms of one rule by time, those within PAUSE_MINUTES of the one before as its continuation."""
    joined: list[Page] = []
    for alarm in sorted(alarms, key=lambda each: each.start):
        if joined and alarm.start <= joined[-1].end + PAUSE_MINUTES:
            joined[-1] = replace(joined[-1], end=max(joined[-1].end, alarm.end))
        else:
            joined.append(alarm)
    return joined


def together(alarms: Sequence[Page]) -> tuple[Page, ...]:
    """The pages that alarms of several rules make, by time; each is named by its first alarm."""
    pages: list[Page] = []
    for alarm in sorted(alarms, key=lambda each: (each.at, each.start, each.about)):
        before = pages[-1] if pages else None
        if before is not None and alarm.at <= before.at + TOGETHER_MINUTES:
            services = tuple(dict.fromkeys((*before.services, *alarm.services)))
            start, end = min(before.start, alarm.start), max(before.end, alarm.end)
            pages[-1] = replace(before, start=start, end=end, services=services)
        else:
            pages.append(alarm)
    return tuple(pages)


def lasting(pages: Sequence[Page], during: range) -> int:
    """In how many of these minutes any page went on."""
    return len({minute for page in pages for minute in range(page.start, page.end) if minute in during})


def score(pages: Sequence[Page], happened: Sequence[Happening]) -> Score:
    """Hits, misses and delays of the faults, and false pages."""
    faults = [each for each in happened if each.is_fault]
    delays = []
    for fault in faults:
        answering = [max(page.at - fault.start, 0) for page in pages if page.answers(fault)]
        delays.append(min(answering, default=None))
    false = sum(not any(page.answers(fault) for fault in faults) for page in pages)
    return Score(tuple(delays), false)


def a_week(count: int, minutes: int) -> float:
    """So many in so many minutes, as a number a week."""
    return count * MINUTES_PER_WEEK / max(minutes, 1)
