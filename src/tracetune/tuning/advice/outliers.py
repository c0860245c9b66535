"""Outlier detection: one bad instance of several, and after how many errors a proxy should leave it out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.minutes import MinuteBatch, column, labels, own_labels
from tracetune.tuning.advice.demand import Demand, Values, peak, split_rows
from tracetune.tuning.queues.chance import binomial_tail, upper_ratio

BLOCK_MINUTES = 3
"""Instances are compared over three minutes: long enough for some calls each, short enough to see a fault begin and end."""

LEAST_CALLS = 20
"""Calls that an instance must have in a block to be judged."""

LEAST_BLOCKS = 2
"""One odd block is chance or a restart; an instance that should be left out is bad for longer."""

BY_CHANCE = 1e-6
"""How rarely an instance like its equals has so many errors in a block: a day of a large system has 1e5 such blocks."""

SLOWER = 2.0
"""An instance whose calls need twice the own time of its equals' is slow."""

LEAST_IN_A_ROW, MOST_IN_A_ROW = 3, 50
FALSE_EJECTIONS_A_DAY = 0.1
"""How often chance errors in a row may cost a healthy instance its traffic."""

LEAST_EJECTION_SECONDS, MOST_EJECTION_SECONDS = 30.0, 300.0
"""Envoy's default, and its bound on the whole: it ejects for longer at every repetition."""


@dataclass(frozen=True, slots=True)
class _Blocks:
    """One service's instances block by block; the arrays are (instance, block)."""

    instances: tuple[str, ...]
    calls: Values
    errors: Values
    own_seconds: Values  # of one call; NaN where there were too few calls
    middles: Values  # the median of the other instances' own_seconds


@dataclass(frozen=True, slots=True)
class _Bad:
    instance: str
    others: int
    blocks: int  # in which it was bad
    error_ratio: float  # its own, in those
    others_error_ratio: float
    slowdown: float  # its own time a call over the median of the others'
    share_of_calls: float  # of the service's, in those
    is_failing: bool


def outliers(minutes: MinuteBatch, demands: Mapping[str, Demand]) -> Iterator[Advice]:
    """Advice for each service of which an instance failed, or was slow, while its equals were well.

    All minutes count, those of incidents too: a bad instance is a fault.

    Args:
        minutes: the tables of all minutes.
        demands: of the same minutes; they say how much the other instances could carry.

    Source: Envoy, "Outlier detection": an instance is ejected after so many errors in a row, as each client's proxy counts
    them. The number is the shortest run that chance makes at most FALSE_EJECTIONS_A_DAY times in a day of healthy calls.
    """
    codes, names = labels(minutes.instances, "service_name")
    for code, table in split_rows(minutes.instances, codes).items():
        blocks = _blocks(table)
        bad = _worst(blocks)
        if bad and names[code] in demands:
            yield _advice(demands[names[code]], blocks, bad)


def _blocks(table: pa.Table) -> _Blocks:
    codes, names = own_labels(table, "instance")
    minute = column(table, "minute").astype(np.int64)
    block = (minute - minute.min()) // BLOCK_MINUTES if len(minute) else minute
    shape = (len(names), int(block.max()) + 1 if len(block) else 0)

    def total(value: str) -> Values:
        summed: Values = np.zeros(shape)
        np.add.at(summed, (codes, block), column(table, value).astype(np.float64))
        return summed

    calls = total("calls")
    own = np.full(shape, np.nan)
    np.divide(total("self_time_nano") / 1e9, calls, out=own, where=calls >= LEAST_CALLS)
    named = [at for at, name in enumerate(names) if name]
    return _Blocks(
        tuple(names[at] for at in named),
        calls[named],
        total("errors")[named],
        own[named],
        medians_of_others(own[named]),
    )


def _worst(blocks: _Blocks) -> _Bad | None:
    """The instance that was bad in most blocks; failing goes before slow."""
    found = [bad for row in range(len(blocks.instances)) for bad in (_failing(blocks, row), _slow(blocks, row)) if bad]
    return max(found, key=lambda bad: (bad.is_failing, bad.blocks), default=None)


def _failing(blocks: _Blocks, row: int) -> _Bad | None:
    calls, errors = blocks.calls[row], blocks.errors[row]
    others_calls = blocks.calls.sum(axis=0) - calls
    others_errors = blocks.errors.sum(axis=0) - errors
    # Without an error chance has nothing to explain: most blocks of most instances are left here.
    judged = np.flatnonzero((errors > 0) & (calls >= LEAST_CALLS) & (others_calls >= LEAST_CALLS))
    ratios = upper_ratios(others_errors[judged], others_calls[judged])
    tails = [
        binomial_tail(int(calls[at]), int(errors[at]), float(ratio)) for at, ratio in zip(judged, ratios, strict=True)
    ]
    bad = judged[np.array(tails) < BY_CHANCE] if tails else judged
    return _bad(blocks, row, bad, is_failing=True)


def _slow(blocks: _Blocks, row: int) -> _Bad | None:
    slowdown = _slowdown(blocks, row)
    return _bad(blocks, row, np.flatnonzero(np.nan_to_num(slowdown) >= SLOWER), is_failing=False)


def _bad(blocks: _Blocks, row: int, at: NDArray[np.int64], *, is_failing: bool) -> _Bad | None:
    if len(at) < LEAST_BLOCKS:
        return None
    calls, errors = blocks.calls[row, at].sum(), blocks.errors[row, at].sum()
    all_calls, all_errors = blocks.calls[:, at].sum(), blocks.errors[:, at].sum()
    return _Bad(
        blocks.instances[row],
        len(blocks.instances) - 1,
        len(at),
        float(errors / calls),
        float((all_errors - errors) / max(all_calls - calls, 1.0)),
        float(np.nanmedian(_slowdown(blocks, row)[at])) if not is_failing else 1.0,
        float(calls / all_calls),
        is_failing,
    )


def _slowdown(blocks: _Blocks, row: int) -> Values:
    """(block,): own time of one instance's calls over the median of its equals'; NaN where either had too few calls."""
    middle = blocks.middles[row]
    ratio: Values = blocks.own_seconds[row] / np.where(middle > 0, middle, np.nan)
    return ratio


def medians_of_others(values: Values) -> Values:
    """(row, column): the median of the column without the row's own value; NaN where nothing else is known.

    The column is sorted once; what is left of it without one value has its middle one place further where that value
    stood before.
    """
    rows = len(values)
    if not rows:
        return values
    order = np.argsort(values, axis=0, kind="stable")  # NaN last
    ordered = np.take_along_axis(values, order, axis=0)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(rows)[:, None], axis=0)
    known = ~np.isnan(values)
    left = known.sum(axis=0) - known  # (row, column)
    lower, upper = np.maximum(left - 1, 0) // 2, left // 2
    lower, upper = lower + (known & (place <= lower)), upper + (known & (place <= upper))
    found = [np.take_along_axis(ordered, np.minimum(each, rows - 1), axis=0) for each in (lower, upper)]
    middles: Values = np.where(left > 0, 0.5 * (found[0] + found[1]), np.nan)
    return middles


def upper_ratios(errors: Values, calls: Values) -> Values:
    """(block,): the error ratio that the true one of the others hardly exceeds."""
    return np.array([upper_ratio(bad, total) for bad, total in zip(errors.tolist(), calls.tolist(), strict=True)])


def _advice(demand: Demand, blocks: _Blocks, bad: _Bad) -> Advice:
    service = demand.service_name
    in_a_row = _errors_in_a_row(blocks, bad)
    seconds = min(max(LEAST_EJECTION_SECONDS, 60.0 * BLOCK_MINUTES * bad.blocks / 2), MOST_EJECTION_SECONDS)
    percent = _most_ejected_percent(demand)
    if not percent:
        return _cannot(service, bad)
    key = "consecutive5xxErrors" if bad.is_failing else "consecutiveGatewayErrors"
    return Advice(
        service,
        "",
        Knob.OUTLIER_DETECTION,
        Action.SET,
        "errors in a row",
        None,
        float(LEAST_IN_A_ROW),
        float(in_a_row),
        float(min(2 * in_a_row, MOST_IN_A_ROW)),
        Confidence.MEDIUM,
        (
            f"Let proxies leave out an instance of {service} after {in_a_row} errors in a row",
            _seen(bad),
            f"a healthy instance has {in_a_row} in a row less than once in {1 / FALSE_EJECTIONS_A_DAY:.0f} days by chance",
        ),
        effect=_effect(bad),
        risk=(
            f"at most {percent:.0f} % of the instances are left out, so that the others can carry the load; Envoy always "
            "may leave out one. Watch envoy_cluster_outlier_detection_ejections_active"
        ),
        details=((key, float(in_a_row)), ("baseEjectionTime", seconds), ("maxEjectionPercent", percent)),
    )


def _seen(bad: _Bad) -> str:
    minutes = words.number_of(bad.blocks * BLOCK_MINUTES, "minute")
    if bad.is_failing:
        return (
            f"{bad.instance} failed {words.share(bad.error_ratio)} of its calls in {minutes}, its "
            f"{words.number_of(bad.others, 'equal')} {words.share(bad.others_error_ratio)}"
        )
    return (
        f"{bad.instance} needed {words.times(bad.slowdown)} the own time of its {words.number_of(bad.others, 'equal')} in "
        f"{minutes}; proxies count errors only, so a timeout must turn its slowest calls into 504s first"
    )


def _effect(bad: _Bad) -> str:
    if bad.is_failing:
        gone = bad.share_of_calls * (bad.error_ratio - bad.others_error_ratio)
        return f"about {words.share(gone)} of all calls would not have failed in those minutes"
    return f"{words.share(bad.share_of_calls)} of all calls would not have met the slow instance in those minutes"


def _errors_in_a_row(blocks: _Blocks, bad: _Bad) -> int:
    """The shortest run of errors that the healthy instances' calls of a day make by chance seldom enough."""
    healthy = np.delete(blocks.calls, blocks.instances.index(bad.instance), axis=0)
    failed = np.delete(blocks.errors, blocks.instances.index(bad.instance), axis=0)
    ratio = upper_ratio(float(failed.sum()), float(healthy.sum()))
    days = max(healthy.shape[1] * BLOCK_MINUTES / 1440, 1 / 1440)
    calls_a_day = max(float(healthy.sum()) / days, 1.0)
    if ratio >= 1.0:
        return MOST_IN_A_ROW
    run = math.ceil(math.log(FALSE_EJECTIONS_A_DAY / calls_a_day) / math.log(ratio))
    return min(max(run, LEAST_IN_A_ROW), MOST_IN_A_ROW)


def _most_ejected_percent(demand: Demand) -> float:
    """How many of the instances may be away at the usual peak, so that each other one gets no more than it once had."""
    known = (demand.calls > 0) & ~np.isnan(demand.replicas)
    replicas = demand.median_replicas
    if replicas is None or not known.any():
        return 0.0
    carried = float(np.max(demand.calls[known] / demand.replicas[known]))
    needed = peak(demand.calls[known]) / carried
    spare = math.floor(100 * max(0.0, 1 - needed / replicas))
    return float(max(spare, math.ceil(100 / replicas))) if replicas >= 2 else 0.0


def _cannot(service: str, bad: _Bad) -> Advice:
    return Advice(
        service,
        "",
        Knob.OUTLIER_DETECTION,
        Action.CANNOT_SAY,
        "errors in a row",
        None,
        None,
        None,
        None,
        Confidence.LOW,
        (f"{_seen(bad)}; how many of its instances run at once is not known",),
        "set the resource attribute k8s.pod.name (or service.instance.id) on the spans of every instance",
    )
