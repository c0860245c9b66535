"""Each check fails for a plug-in that breaks its rule, and passes for one that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import msgspec
import numpy as np
import pytest

from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.errors import Conflict, InvalidInput, NotEnoughData
from tracetune.ports import Estimator, MinuteStore, SpanReader
from tracetune.testing import checks
from tracetune.testing.series import random_series


class Memory:
    """A store that keeps its rules, unless ``fault`` says which not."""

    def __init__(self, fault: str = "") -> None:
        self.fault, self.kept, self.is_open = fault, [MinuteBatch.empty()], False
        self.ids: set[str] = set()

    def open(self) -> MinuteStore:
        if self.is_open and self.fault != "two owners":
            raise Conflict("in use", hint="" if self.fault == "no hint" else "close it")
        self.is_open = True
        return self

    def write(self, minutes: MinuteBatch, *, write_id: str = "") -> None:
        if self.fault == "forgets repeats" and len(self.kept) > 2:
            return
        if write_id in self.ids - {""} and self.fault != "adds what it has":
            return
        self.ids.add(write_id)
        self.kept.append(minutes)

    def read(self, first_minute: int, last_minute: int) -> MinuteBatch:
        last_minute += self.fault == "one too many"
        merged = MinuteBatch.merge(self.kept)
        tables = {name: getattr(merged, name) for name in MinuteBatch.__slots__}
        during = {
            name: table.filter((np.array(table["minute"]) >= first_minute) & (np.array(table["minute"]) < last_minute))
            for name, table in tables.items()
        }
        return MinuteBatch(**during)

    def close(self) -> None:
        self.is_open = False
        if self.fault == "forgets on closing":
            self.kept = [MinuteBatch.empty()]


def test_store_that_keeps_the_rules_passes() -> None:
    checks.check_minute_store(lambda: Memory().open)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (checks.equal_rows_add_up, "forgets repeats"),
        (checks.write_done_again_adds_nothing, "adds what it has"),
        (checks.first_minute_is_read_and_last_is_not, "one too many"),
        (checks.minutes_outlast_the_store, "forgets on closing"),
        (checks.second_owner_is_refused, "two owners"),
        (checks.second_owner_is_refused, "no hint"),
    ],
)
def test_store_that_breaks_a_rule_fails_it(rule: Callable[[checks.OpenStore], None], fault: str) -> None:
    with pytest.raises(AssertionError):
        rule(Memory(fault).open)


def write_rows(batches: Iterable[SpanBatch]) -> Iterator[bytes]:
    """The simplest format there can be: rows as MessagePack."""
    for batch in batches:
        yield msgspec.msgpack.encode(batch.table.to_pylist())


@dataclass
class RowReader:
    """Reads what write_rows writes, with a fault where one is said."""

    fault: str = ""
    format: str = "rows"

    def read(self, stream: BinaryIO) -> Iterator[Decoded]:
        content = stream.read() if self.fault == "one read" else b"".join(iter(lambda: stream.read(4096), b""))
        try:
            rows = msgspec.msgpack.decode(content)
            spans = SpanBatch.from_rows({**row, "attributes": dict(row["attributes"])} for row in rows)
        except Exception as error:
            if self.fault == "raises":
                raise
            raise InvalidInput(str(error), hint="write it again") from None
        yield Decoded(spans.take(np.arange(len(spans) - (self.fault == "loses one"))))


def test_reader_that_keeps_the_rules_passes() -> None:
    checks.check_reader(RowReader(), write_rows)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (checks.every_span_comes_back, "loses one"),
        (checks.short_reads_change_nothing, "one read"),
    ],
)
def test_reader_that_breaks_a_rule_fails_it(rule: Callable[[SpanReader, checks.Writer], None], fault: str) -> None:
    with pytest.raises(AssertionError):
        rule(RowReader(fault), write_rows)


@pytest.mark.parametrize(
    "rule", [checks.cut_stream_gives_only_what_it_has, checks.damaged_bytes_raise_only_invalid_input]
)
def test_reader_that_raises_what_it_should_not_is_found(rule: Callable[[SpanReader, checks.Writer], None]) -> None:
    # Not InvalidInput, which is an error of ours and no ValueError.
    with pytest.raises((ValueError, TypeError, KeyError)):
        rule(RowReader("raises"), write_rows)


@dataclass
class Naive:
    """Expects the value of ten minutes ago, with a fault where one is said."""

    fault: str = ""
    name: str = "naive"

    def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> NaivePredictor:
        if series.length < 11 and self.fault != "always fits":
            raise NotEnoughData("too short", hint="give more" if self.fault == "no least" else "give 11 minutes")
        if self.fault == "changes input":
            series[metric][0, 0] += 1.0
        offset = np.random.default_rng().random() if self.fault == "random" else seed
        return NaivePredictor(metric, self.fault, float(offset))


@dataclass
class NaivePredictor:
    metric: Metric
    fault: str
    offset: float
    name: str = "naive"

    def predict(self, series: SeriesBatch, *, horizon_minutes: int) -> Forecast:
        known = np.nan_to_num(series[self.metric], nan=1.0)
        past = np.concatenate([np.full((len(known), 10), np.nan), known[:, :-10]], axis=1)
        past = known if self.fault == "sees the present" else past
        middle = np.concatenate([past, np.repeat(known[:, -1:], horizon_minutes, axis=1)], axis=1)
        values = middle[..., None] + np.array(QUANTILES) + self.offset
        values = values[..., ::-1] if self.fault == "descends" else values
        verdict = Verdict(self.name, {}, float("nan"), "")
        cutoff = series.length - (self.fault == "wrong cutoff")
        return Forecast(series.keys, self.metric, series.start_minute, cutoff, values, (verdict,) * len(series.keys))


@pytest.fixture
def series() -> SeriesBatch:
    return random_series(1, minutes=200)


def test_estimator_that_keeps_the_rules_passes(series: SeriesBatch) -> None:
    estimator: Estimator = Naive()

    checks.check_estimator(estimator, series, Metric.LATENCY_P50)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (checks.forecast_covers_the_series_and_the_horizon, "descends"),
        (checks.forecast_covers_the_series_and_the_horizon, "wrong cutoff"),
        (checks.fit_does_not_change_its_input, "changes input"),
        (checks.equal_seeds_give_equal_forecasts, "random"),
        (checks.too_short_a_history_is_not_guessed_from, "always fits"),
        (checks.too_short_a_history_is_not_guessed_from, "no least"),
        (checks.forecasts_do_not_see_the_future, "sees the present"),
    ],
)
def test_estimator_that_breaks_a_rule_fails_it(
    series: SeriesBatch, rule: Callable[[Estimator, SeriesBatch, Metric], None], fault: str
) -> None:
    with pytest.raises(AssertionError):
        rule(Naive(fault), series, Metric.LATENCY_P50)


def test_own_calls_of_the_minute_may_be_known_but_not_when_they_are_forecast(series: SeriesBatch) -> None:
    @dataclass
    class ByCalls(Naive):
        def fit(self, series: SeriesBatch, metric: Metric, *, seed: int) -> NaivePredictor:
            predictor = super().fit(series, metric, seed=seed)
            return replace(predictor, metric=Metric.CALLS, fault="sees the present")

    checks.forecasts_do_not_see_the_future(ByCalls(), series, Metric.LATENCY_P50)
    with pytest.raises(AssertionError):
        checks.forecasts_do_not_see_the_future(ByCalls(), series, Metric.CALLS)
