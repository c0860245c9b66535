"""A few what-ifs worked out beforehand, for pages that have nobody to ask: loads by replicas of the advised service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tracetune.domain.advice import Advice, Knob, foremost
from tracetune.domain.whatif import Grid, WhatIf
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.predict import EVALUATED_SECONDS, LEAST_REQUESTS, SEEDS
from tracetune.tuning.whatifs.whatif import screen, whatif

LOADS = tuple(round(0.5 + 0.25 * step, 2) for step in range(9))
"""Half to two and a half times the sample's busiest minutes."""

MOST_CALLS = 2_000_000
"""Simulated in all, a few seconds of work; the runs are shortened to it, and so their intervals are wider."""


def grid(model: Model, advice: Sequence[Advice]) -> Grid:
    """The answers for every load of ``LOADS`` with the present, the advised, one fewer and one more replicas.

    Whose replicas vary is what the foremost advice is about; where the traces do not know that service or its replicas,
    those of the busiest of the services whose queues are known.
    """
    name, advised = _subject(model, foremost(advice))
    present = next((station.replicas for station in model.stations if station.service_name == name), 0)
    counts = _counts(present, advised) if name else (0,)
    requests = MOST_CALLS / (_calls_of_a_request(model) * len(LOADS) * len(counts))
    is_screened = requests < LEAST_REQUESTS  # fewer tell nothing: then fewer answers, each from a few short runs
    if is_screened:
        counts = tuple(sorted({present, advised or present}))
    answers = tuple(
        _answer(model, load, {name: count} if count and count != present else {}, None if is_screened else requests)
        for load in LOADS
        for count in counts
    )
    if not any(each.is_answered for each in answers):
        said = next(refused.said for refused in answers[0].refusals if refused.is_final)
        return Grid(name, present, advised, LOADS, counts, (), said)
    return Grid(name, present, advised, LOADS, counts, answers)


def _subject(model: Model, first: Advice | None) -> tuple[str, int]:
    """Whose replicas vary, and how many of them are advised (0: no number is)."""
    known = {station.service_name for station in model.stations if station.replicas}
    if first is not None and first.target_service in known:
        is_number = first.knob is Knob.REPLICAS and first.target is not None
        return first.target_service, int(first.target or 0) if is_number else 0
    busy = [each for each in model.stations if each.replicas and not np.isnan(each.busy_share)]
    return (max(busy, key=lambda each: each.busy_share).service_name if busy else ""), 0


def _counts(present: int, advised: int) -> tuple[int, ...]:
    around = advised or present
    return tuple(sorted({present, *(count for count in (around - 1, around, around + 1) if count > 0)}))


def _answer(model: Model, load: float, replicas: Mapping[str, int], requests: float | None) -> WhatIf:
    """Simulated with at most so many requests a run; screened where None."""
    if requests is None:
        return screen(model, load, replicas)
    return whatif(model, load, replicas, seconds=min(EVALUATED_SECONDS, requests / (load * model.load.reference)))


def _calls_of_a_request(model: Model) -> float:
    """Calls that one request makes, in all runs of one answer together."""
    return float(model.calls_per_trace.sum()) * (SEEDS + len(model.variants) + 1)
