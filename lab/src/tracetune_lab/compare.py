"""Sets two recordings of one scenario side by side: how far each operation's figures differ, before and during the fault."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tracetune_lab.errors import InvalidRecordingError
from tracetune_lab.recordings import Recording
from tracetune_lab.views import Spans, read_spans

FEWEST_CALLS, MANY_CALLS = 25, 100


# Its times are the machine's: it is the one service that computes.
COMPUTES = "currency"


class Difference(NamedTuple):
    """One operation in one period of both recordings: calls, and quantiles of its own time in seconds."""

    period: str
    operation: str
    calls: tuple[int, int]
    p50_seconds: tuple[float, float]
    p95_seconds: tuple[float, float]

    def text(self) -> str:
        """The difference as a line of a table."""
        p50, p95 = (1000 * np.array(pair) for pair in (self.p50_seconds, self.p95_seconds))
        return (
            f"{self.period:7} {self.operation:52} {self.calls[0]:5} {self.calls[1]:5}"
            f"  p50 {p50[0]:6.1f} {p50[1]:6.1f} ms  p95 {p95[0]:6.1f} {p95[1]:6.1f} ms"
        )


def compare(one: Recording, other: Recording) -> list[Difference]:
    """The differences of every operation with 25 calls or more in both.

    Raises:
        InvalidRecordingError: the two are not of the same scenario.
    """
    if one.manifest.scenario != other.manifest.scenario:
        raise InvalidRecordingError(f"{one.place} and {other.place} are not of the same scenario; compare two that are")
    found = []
    for period, first, second in zip(("before", "during"), _periods(one), _periods(other), strict=True):
        for key in sorted(set(first.operations()) & set(second.operations())):
            pair = first.server(*key), second.server(*key)
            if min(len(spans.kind) for spans in pair) >= FEWEST_CALLS:
                found.append(_difference(period, key[1], *pair))
    return found


def summary(differences: list[Difference]) -> str:
    """How far operations that wait differ: the middle and the most of all rows, and of those with 100 calls or more."""
    waiting = [each for each in differences if not each.operation.startswith(COMPUTES)]
    if not waiting:
        return "nothing to compare"
    medians = np.array([abs(each.p50_seconds[1] - each.p50_seconds[0]) for each in waiting])
    ends = np.array([abs(each.p95_seconds[1] / each.p95_seconds[0] - 1) for each in waiting])
    many = np.array([min(each.calls) >= MANY_CALLS for each in waiting])
    most = ends[many].max() if many.any() else float("nan")
    middle, widest = 1000 * np.median(medians), 1000 * medians.max()
    return (
        f"{len(waiting)} rows that wait: p50 differs by {middle:.1f} ms in the middle, {widest:.1f} ms at most; p95 by"
        f" {100 * np.median(ends):.0f} %, at most {100 * most:.0f} % with {MANY_CALLS} calls or more"
        f" and {100 * ends.max():.0f} % in all"
    )


def _difference(period: str, name: str, one: Spans, other: Spans) -> Difference:
    quantiles = [np.quantile(spans.own_seconds, (0.5, 0.95)).tolist() for spans in (one, other)]
    (p50, p95), (other_p50, other_p95) = quantiles
    calls = len(one.kind), len(other.kind)
    return Difference(
        period, name.replace(".default.svc.cluster.local:9080", " "), calls, (p50, other_p50), (p95, other_p95)
    )


def _periods(recording: Recording) -> list[Spans]:
    """The spans before the first fault and while it lasted; all of them, and none, when there is no fault."""
    spans, start = read_spans(recording), recording.manifest.load_started_unix_nano
    truth = next(iter(recording.truths()), None)
    if truth is None:
        return [spans, spans.between(0, 0)]
    return [spans.between(start, truth.start_unix_nano), spans.between(truth.start_unix_nano, truth.end_unix_nano)]
