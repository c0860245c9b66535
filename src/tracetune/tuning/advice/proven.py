"""Services of which no limit is known: how far what was seen to go on at once in them reaches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Station, Status

BURST = 3.0
"""A mean number of requests at work has bursts of so many standard deviations above it; a Poisson number's is its root."""

STRETCH = 1.25
"""How far beyond the most that a replica carried the load to come may go, where no queue was seen; as for predictions."""


def within_proven(advice: Advice, stations: Sequence[Station], loads: Mapping[str, tuple[float, str]]) -> Advice:
    """The same advice; to keep the replicas where the load to come needs no more at once than one replica had without waiting.

    Minutes only know how many calls a replica has had. Whole calls know how many it had at work at once: where that many never
    waited for each other, so many fewer will not.

    Args:
        advice: on replicas, from minutes.
        stations: every service.
        loads: calls a second to come, by service, and how that is known.

    Source: Kleinrock 1975, Queueing Systems, volume 1 (M/G/infinity: requests at work are a Poisson number).
    """
    station = next((each for each in stations if each.service_name == advice.target_service), None)
    if station is None or not _asks_for_more(advice) or station.status is not Status.NO_QUEUEING_SEEN:
        return advice
    load, source = loads[advice.target_service]
    current = advice.current or 1.0
    at_once = load / current * station.work_seconds
    most = at_once + BURST * math.sqrt(at_once)
    beyond = load / current > STRETCH * max(station.peak_calls_per_second, 1e-9)
    if beyond or most > station.least_slots:
        return advice
    seen = f"one replica had {station.least_slots} at work at once and none waited"
    to_come = f"the load to come ({words.rate(load)}, {source}) brings {most:.1f} at most"
    return replace(
        advice,
        action=Action.KEEP,
        lower=current,
        target=current,
        upper=max(advice.upper or current, current),
        confidence=Confidence.MEDIUM if advice.confidence is Confidence.HIGH else advice.confidence,
        reasons=(f"Keep {words.number_of(round(current), 'replica')} of {advice.target_service}", f"{seen}; {to_come}"),
        effect="",
        risk="",
    )


def _asks_for_more(advice: Advice) -> bool:
    return advice.knob is Knob.REPLICAS and advice.action is Action.SET and (advice.target or 0) > (advice.current or 0)
