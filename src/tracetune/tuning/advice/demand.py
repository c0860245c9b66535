"""What each service did in each minute: calls, requests in flight, own time, instances; without the minutes of incidents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import CauseKind, CauseRanking
from tracetune.domain.minutes import MinuteBatch, column, labels, own_labels

Values = NDArray[np.float64]

BLOCK_MINUTES = 10
"""Instances are counted over ten minutes: in a quiet minute not every replica gets a call."""

NAMED_SHARE = 0.5
"""Where fewer than half of the calls name their instance, the instances cannot be counted."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One service minute by minute, over the observed minutes.

    Attributes:
        minutes: (minute,), minutes since the Unix epoch, ascending.
        calls: (minute,), entry calls.
        in_flight: (minute,), mean number of requests in flight over all instances, by Little's law.
        own_in_flight: (minute,), the same for own time only: without those that wait for a callee.
        replicas: (minute,), instances seen around the minute; NaN where spans do not name them.
        concurrency_peak: most requests ever in flight in one instance.
        names_versions: whether the spans say which version they are of.
    """

    service_name: str
    minutes: NDArray[np.int64]
    calls: Values
    in_flight: Values
    own_in_flight: Values
    replicas: Values
    concurrency_peak: int
    names_versions: bool

    @property
    def hours(self) -> float:
        """How much was seen."""
        return len(self.minutes) / 60

    @property
    def median_replicas(self) -> float | None:
        """The usual number of instances; None where it is unknown."""
        known = self.replicas[~np.isnan(self.replicas)]
        return float(np.median(known)) if len(known) else None

    @property
    def current_replicas(self) -> float | None:
        """The number of instances lately; None where it is unknown."""
        known = self.replicas[-30:][~np.isnan(self.replicas[-30:])]
        return float(np.round(np.median(known))) if len(known) else None

    def own_seconds(self) -> Values:
        """Mean own time of a call in each minute, (minute,) seconds; NaN without calls."""
        return _ratio(self.own_in_flight * 60, self.calls)

    def at(self, wanted: NDArray[np.bool_]) -> Demand:
        """The same service in some of the minutes, (minute,)."""
        return Demand(
            self.service_name,
            self.minutes[wanted],
            self.calls[wanted],
            self.in_flight[wanted],
            self.own_in_flight[wanted],
            self.replicas[wanted],
            self.concurrency_peak,
            self.names_versions,
        )


def demands(minutes: MinuteBatch, observed: NDArray[np.int64]) -> Mapping[str, Demand]:
    """The demand on every service that has entry spans, by its name, in the observed minutes (ascending)."""
    codes, names = labels(minutes.instances, "service_name")
    split = split_rows(minutes.instances, codes)
    return {names[code]: _demand(names[code], table, observed) for code, table in split.items()}


def split_rows(table: pa.Table, group: NDArray[np.integer[Any]]) -> Mapping[int, pa.Table]:
    """The rows of each group, in their order, by its number; ``group`` is (row,). One pass, however many groups."""
    order = np.argsort(group, kind="stable")
    table = table.take(pa.array(order)).combine_chunks()
    numbers, first, counts = np.unique(group[order], return_index=True, return_counts=True)
    slices = zip(numbers.tolist(), first.tolist(), counts.tolist(), strict=True)
    return {number: table.slice(begin, length) for number, begin, length in slices}


def healthy(
    observed: NDArray[np.int64], incidents: Iterable[Incident], rankings: Mapping[str, CauseRanking]
) -> NDArray[np.bool_]:
    """Which of the minutes tell how a service works, (minute,): those of no incident, and those of mere load.

    Minutes of a fault would be mistaken for a lack of replicas. Minutes of high load are what capacity is learnt from.
    """
    keep = np.ones(len(observed), np.bool_)
    for incident in incidents:
        if _is_load(rankings.get(incident.id)):
            continue
        end = incident.end if incident.end is not None else int(observed[-1]) + 1 if len(observed) else 0
        keep &= (observed < incident.onset) | (observed >= end)
    return keep


def _is_load(ranking: CauseRanking | None) -> bool:
    return ranking is not None and bool(ranking.causes) and ranking.causes[0].kind is CauseKind.LOAD


def _demand(name: str, table: pa.Table, observed: NDArray[np.int64]) -> Demand:
    position = np.searchsorted(observed, column(table, "minute"))
    known = observed[np.minimum(position, len(observed) - 1)] == column(table, "minute")
    table, position = table.filter(pa.array(known)), position[known]

    def total(value: str) -> Values:
        summed = np.bincount(position, weights=column(table, value), minlength=len(observed))
        return summed.astype(np.float64)

    used = set(own_labels(table, "service_version")[1])
    return Demand(
        name,
        observed,
        total("calls"),
        total("busy_nano") / 60e9,
        total("self_time_nano") / 60e9,
        _replicas(table, observed),
        int(column(table, "max_concurrency").max()) if len(table) else 0,
        bool(used - {""}),
    )


def _replicas(table: pa.Table, observed: NDArray[np.int64]) -> Values:
    """Distinct instances in the ten minutes that each minute belongs to, (minute,); NaN where they are not named."""
    codes, names = own_labels(table, "instance")
    named = np.array([bool(name) for name in names], np.bool_)[codes] if len(names) else np.zeros(0, np.bool_)
    calls = column(table, "calls").astype(np.float64)
    result = np.full(len(observed), np.nan)
    if calls[named].sum() < NAMED_SHARE * calls.sum() or not named.any():
        return result
    block = column(table, "minute")[named].astype(np.int64) // BLOCK_MINUTES
    pairs = np.unique(np.stack([block, codes[named]]), axis=1)
    blocks, counts = np.unique(pairs[0], return_counts=True)
    counted = dict(zip(blocks.tolist(), counts.tolist(), strict=True))
    for index, minute in enumerate((observed // BLOCK_MINUTES).tolist()):
        result[index] = counted.get(minute, np.nan)
    return result


def peak(values: Values | Sequence[float]) -> float:
    """The 95th percentile of minutes: the busy end, without the one freak minute; 0 without minutes."""
    return float(np.nanquantile(values, 0.95)) if len(values) else 0.0


def _ratio(numerator: Values, denominator: Values) -> Values:
    result = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
