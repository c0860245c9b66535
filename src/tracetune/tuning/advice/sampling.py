"""The sampling rate at which a minute's latency is still known as precisely as wanted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.minutes import MinuteBatch, column, histograms, labels
from tracetune.tuning.advice.demand import Values

PRECISION = 0.2
"""How far the 95th percentile of one minute may lie from the truth: a fifth, with 95 % confidence."""

COVERED = 0.9
"""The share of all calls whose operations are to be known that precisely."""

LEAST_CALLS = 10_000
"""With fewer calls altogether there is nothing to save."""

WORTHWHILE = 0.5
"""A rate above this saves too little for what it costs: sampled traces show no queues."""

QUANTILE, AROUND = 0.95, 0.025
_TWO_SIDED_95 = 1.96


def sampling(minutes: MinuteBatch, observed_minutes: int) -> Iterator[Advice]:
    """At most one advice for the whole mesh: traces are sampled where they begin, for all services alike.

    An operation with c calls a minute of which a share r is kept gives the quantile q of the minute's latency with a
    standard error of ``sqrt(q (1 - q) / (r c)) / f`` on the logarithmic scale, where f is the density of the logarithm of
    the latency at the quantile; r follows from the precision that is wanted.

    Source: the asymptotic variance of a sample quantile (Serfling 1980, "Approximation Theorems of Mathematical
    Statistics", section 2.3.3); f from the operation's own histogram between the 92.5th and the 97.5th percentile.
    """
    calls, needed = _needs(minutes, observed_minutes)
    if calls.sum() * observed_minutes < LEAST_CALLS:
        return
    rate, operations = _least_rate(calls, needed)
    if rate <= WORTHWHILE:
        yield _advice(rate, calls, operations)


def _needs(minutes: MinuteBatch, observed_minutes: int) -> tuple[Values, Values]:
    """For each operation its calls a minute and how many of them the wanted precision takes, (operation,)."""
    light = minutes.operations.select(["service_name", "span_name", "calls", "duration"])
    entries = light.filter(minutes.operations["is_entry"]).combine_chunks()
    services, _ = labels(entries, "service_name")
    spans, span_names = labels(entries, "span_name")
    _, row = np.unique(services.astype(np.int64) * len(span_names) + spans, return_inverse=True)
    rows = int(row.max()) + 1 if len(row) else 0
    calls = np.bincount(row, weights=column(entries, "calls"), minlength=rows) / max(observed_minutes, 1)
    durations = histograms(entries, "duration").add_up(row.astype(np.int64), rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.log(durations.quantile(QUANTILE + AROUND) / durations.quantile(QUANTILE - AROUND))
        density = 2 * AROUND / width  # of the logarithm of the latency, at the quantile
        needed = QUANTILE * (1 - QUANTILE) * np.square(_TWO_SIDED_95 / (density * np.log1p(PRECISION)))
    return calls, np.where(np.isfinite(needed), needed, np.inf)


def _least_rate(calls: Values, needed: Values) -> tuple[float, NDArray[np.int64]]:
    """The lowest rate that serves operations with COVERED of all calls, and which these are."""
    rate = needed / np.maximum(calls, 1e-9)
    order = np.argsort(rate, kind="stable")
    enough = int(np.searchsorted(np.cumsum(calls[order]), COVERED * calls.sum()))
    return float(rate[order[enough]]), order[: enough + 1]


def _advice(rate: float, calls: Values, operations: NDArray[np.int64]) -> Advice:
    target = max(0.01, float(np.ceil(100 * rate) / 100))
    known = words.number_of(len(operations), "operation")
    covered = words.share(float(calls[operations].sum() / calls.sum()))
    return Advice(
        words.number_of(len(calls), "operation"),
        "",
        Knob.SAMPLING,
        Action.SET,
        "ratio",
        None,
        target,
        target,
        1.0,
        Confidence.MEDIUM,
        (
            f"Keep {words.share(target)} of the traces, if storing all is too dear",
            f"the 95th percentile of {known} with {covered} of the calls stays known within {words.share(PRECISION)} a minute",
        ),
        effect=f"{words.share(1 - target)} fewer spans to send and store",
        risk=(
            "queues cannot be identified from sampled traces: keep everything for two minutes at the daily peak when "
            "replicas are to be advised"
        ),
        details=(("randomSamplingPercentage", 100 * target),),
    )
