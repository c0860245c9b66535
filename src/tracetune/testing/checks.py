"""The contracts of the ports as checks: each function tries one rule, which its docstring says.

A check takes a way to get the plug-in, and what it needs to try it with; it raises AssertionError with the rule that was
broken. Whoever writes a plug-in runs the tuple of its port.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.quality import PROBLEMS
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import SPAN_SCHEMA, SpanBatch, StatusCode
from tracetune.errors import Conflict, InvalidInput, NotEnoughData
from tracetune.ports import Estimator, MinuteStore, SpanReader
from tracetune.testing.minutes import random_minutes, sorted_rows
from tracetune.testing.shop import Kind, Truth, shop_day

OpenStore = Callable[[], MinuteStore]
"""Opens a store that was empty when it was first opened, and is the same one each time."""

Writer = Callable[[Iterable[SpanBatch]], Iterator[bytes]]
"""Writes batches in the format of a reader, as those of testing.writers.FORMATS."""

_START = 29_540_160  # the first of random_minutes' minutes


def new_store_has_no_minutes(open_store: OpenStore) -> None:
    """A store that nobody wrote to reads as the empty batch."""
    store = open_store()

    read = store.read(0, 2**31 - 1)
    store.close()

    _equal(read, MinuteBatch.empty(), "a new store is not empty")


def minutes_come_back_as_they_were_written(open_store: OpenStore) -> None:
    """Every value of every column comes back: any text, zero durations, large sums."""
    written = random_minutes(1)
    store = open_store()

    store.write(written)
    read = store.read(_START, _START + 10)
    store.close()

    _equal(read, written, "what was read is not what was written")


def equal_rows_add_up(open_store: OpenStore) -> None:
    """Rows of equal keys add up, in whatever pieces and order they were written."""
    pieces = [random_minutes(seed, minutes=2, rows=200) for seed in (1, 2, 1, 3)]
    store = open_store()

    for piece in pieces:
        store.write(piece)
    read = store.read(_START, _START + 10)
    store.close()

    _equal(read, MinuteBatch.merge(pieces), "rows of equal keys did not add up as MinuteBatch.merge does")


def write_done_again_adds_nothing(open_store: OpenStore) -> None:
    """An id makes a write count once, also after the store was opened again; other ids and none count each time."""
    piece = random_minutes(2)
    store = open_store()
    store.write(piece, write_id="first")
    store.write(piece, write_id="first")
    store.close()

    store = open_store()
    store.write(piece, write_id="first")
    store.write(piece, write_id="second")
    found = store.read(0, 2**31 - 1)
    store.close()

    _equal(found, MinuteBatch.merge([piece] * 2), "a write with a known id was not left out, or another was")


def first_minute_is_read_and_last_is_not(open_store: OpenStore) -> None:
    """``read(first, last)`` gives the minutes from ``first`` to just before ``last``."""
    minutes = [random_minutes(seed, first_minute=_START + seed, minutes=1) for seed in range(5)]
    store = open_store()

    for minute in minutes:
        store.write(minute)
    read, nothing = store.read(_START + 1, _START + 3), store.read(_START + 2, _START + 2)
    store.close()

    _equal(read, MinuteBatch.merge(minutes[1:3]), "other minutes were read than were asked for")
    _equal(nothing, MinuteBatch.empty(), "an empty range has minutes")


def minutes_outlast_the_store(open_store: OpenStore) -> None:
    """What was written is there when the store is opened again, and adds up with what is written then."""
    first, second = random_minutes(1), random_minutes(2)
    store = open_store()
    store.write(first)
    store.close()

    store = open_store()
    store.write(second)
    read = store.read(_START, _START + 10)
    store.close()

    _equal(read, MinuteBatch.merge([first, second]), "minutes were lost between two openings")


def empty_batch_changes_nothing(open_store: OpenStore) -> None:
    """Writing no minutes is allowed and adds none."""
    store = open_store()

    store.write(MinuteBatch.empty())
    read = store.read(0, 2**31 - 1)
    store.close()

    _equal(read, MinuteBatch.empty(), "an empty batch added something")


def second_owner_is_refused(open_store: OpenStore) -> None:
    """A store has one owner: opening it again raises Conflict, and works once it was closed."""
    store = open_store()

    try:
        open_store().close()
    except Conflict as error:
        refused = error
    else:
        raise AssertionError("two owners have the same store")
    finally:
        store.close()

    open_store().close()
    if not refused.hint:
        raise AssertionError("the refusal does not say what to do")


MINUTE_STORE = (
    new_store_has_no_minutes,
    minutes_come_back_as_they_were_written,
    equal_rows_add_up,
    write_done_again_adds_nothing,
    first_minute_is_read_and_last_is_not,
    minutes_outlast_the_store,
    empty_batch_changes_nothing,
    second_owner_is_refused,
)
"""The rules of ports.MinuteStore."""


def check_minute_store(open_new_store: Callable[[], OpenStore]) -> None:
    """Try every rule of MINUTE_STORE, each with a store of its own."""
    for rule in MINUTE_STORE:
        rule(open_new_store())


def every_span_comes_back(reader: SpanReader, write: Writer) -> None:
    """A reader gives all spans of a file, with every column, and rejects none of them."""
    spans = _sample()

    read, rejected = _read(reader, BytesIO(b"".join(write([spans]))))

    _expect(not rejected, f"good spans were rejected: {rejected}")
    _expect(span_rows(read) == span_rows(spans), _first_difference(read, spans))


def short_reads_change_nothing(reader: SpanReader, write: Writer) -> None:
    """A stream may give fewer bytes than were asked for, as pipes do."""
    content = b"".join(write([_sample()]))

    whole, _ = _read(reader, BytesIO(content))
    dripped, _ = _read(reader, _Dripping(content))

    _expect(span_rows(whole) == span_rows(dripped), "a stream of short reads gives other spans")


def cut_stream_gives_only_what_it_has(reader: SpanReader, write: Writer) -> None:
    """A stream that ends too early gives spans that are in it, and then at most InvalidInput."""
    content = b"".join(write([_sample()]))
    whole = _read(reader, BytesIO(content))[0].ids("span_id").tolist()

    for part in range(1, 20):
        read, _ = _read(reader, BytesIO(content[: len(content) * part // 20]))
        _expect(set(read.ids("span_id").tolist()) <= set(whole), "a cut stream gives spans that are not in it")


def damaged_bytes_raise_only_invalid_input(reader: SpanReader, write: Writer) -> None:
    """Damage is counted by a reason of domain.quality or raises InvalidInput; nothing else is ever raised."""
    content = b"".join(write([_sample()]))
    rng = np.random.default_rng(1)

    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] = rng.integers(0, 256)
        _, rejected = _read(reader, BytesIO(bytes(damaged)))
        _expect(set(rejected) <= set(PROBLEMS), f"reasons that domain.quality does not know: {rejected}")


READER = (
    every_span_comes_back,
    short_reads_change_nothing,
    cut_stream_gives_only_what_it_has,
    damaged_bytes_raise_only_invalid_input,
)
"""The rules of ports.SpanReader."""


def check_reader(reader: SpanReader, write: Writer) -> None:
    """Try every rule of READER with what ``write`` writes in the reader's format."""
    for rule in READER:
        rule(reader, write)


def forecast_covers_the_series_and_the_horizon(estimator: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """A forecast has every key, the minutes of the series and ``horizon_minutes`` more; its quantiles ascend."""
    forecast = estimator.fit(series, metric, seed=1).predict(series, horizon_minutes=30)

    known = forecast.values[np.isfinite(forecast.values).all(axis=2)]  # (known minute, quantile)
    _expect(forecast.keys == series.keys and forecast.metric == metric, "the forecast is of something else")
    _expect(forecast.values.shape[1] == series.length + 30, "the forecast has other minutes than were asked for")
    _expect(forecast.cutoff == series.length, "the forecast says a wrong cutoff")
    _expect(len(known) > 0 and bool((np.diff(known, axis=1) >= 0).all()), "quantiles do not ascend")
    _expect(bool(np.isfinite(forecast.values[:, series.length :]).all()), "the future is not forecast")


def fit_does_not_change_its_input(estimator: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """The series are the same after learning and predicting."""
    before = {each: values.copy() for each, values in series.metrics.items()}

    estimator.fit(series, metric, seed=1).predict(series, horizon_minutes=5)

    same = all(np.array_equal(series[each], values, equal_nan=True) for each, values in before.items())
    _expect(same, "the estimator changed what it learned from")


def equal_seeds_give_equal_forecasts(estimator: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """Learning from equal series with equal seeds gives predictors that expect the same."""
    first, second = (estimator.fit(series, metric, seed=3).predict(series, horizon_minutes=5) for _ in range(2))

    _expect(np.array_equal(first.values, second.values, equal_nan=True), "equal seeds give other forecasts")


def too_short_a_history_is_not_guessed_from(estimator: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """From five minutes nothing is expected: NotEnoughData says the least that is needed, or the forecast is all NaN."""
    short = series.between(0, 5)
    try:
        forecast = estimator.fit(short, metric, seed=1).predict(short, horizon_minutes=5)
    except NotEnoughData as error:
        _expect(any(letter.isdigit() for letter in error.hint), f"the hint names no least history: {error.hint!r}")
    else:
        _expect(bool(np.isnan(forecast.values).all()), "five minutes were enough to expect something")


def forecasts_do_not_see_the_future(estimator: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """What happens from a minute on changes no forecast up to that minute; only its own calls may."""
    predictor = estimator.fit(series, metric, seed=1)
    minute = series.length * 3 // 4
    changed = {each: values.copy() for each, values in series.metrics.items()}
    for each, values in changed.items():
        values[:, minute + (each is Metric.CALLS and metric is not Metric.CALLS) :] *= 7.0

    seen = predictor.predict(series, horizon_minutes=5).values[:, : minute + 1]
    other = predictor.predict(replace(series, metrics=changed), horizon_minutes=5).values[:, : minute + 1]

    _expect(np.allclose(seen, other, rtol=1e-6, equal_nan=True), f"forecasts up to minute {minute} knew what came then")


ESTIMATOR = (
    forecast_covers_the_series_and_the_horizon,
    fit_does_not_change_its_input,
    equal_seeds_give_equal_forecasts,
    too_short_a_history_is_not_guessed_from,
    forecasts_do_not_see_the_future,
)
"""The rules of ports.Estimator and ports.Predictor."""


def check_estimator(estimator: Estimator, series: SeriesBatch, metric: Metric) -> None:
    """Try every rule of ESTIMATOR with series that are long enough for it."""
    for rule in ESTIMATOR:
        rule(estimator, series, metric)


def span_rows(spans: SpanBatch) -> list[tuple[Any, ...]]:
    """Every span as a tuple, in an order that depends on nothing but the spans."""
    rows = ({**row, "attributes": tuple(sorted(row["attributes"]))} for row in spans.table.to_pylist())
    return sorted((tuple(row.values()) for row in rows), key=repr)


class _Dripping(BytesIO):
    """A stream that gives at most 1,000 bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(1000 if size is None or size < 0 else min(size, 1000))

    read1 = read


def _sample() -> SpanBatch:
    """Some of the shop's spans: every kind but internal ones, with failures, by the whole microsecond."""
    failing = Truth(Kind.RELEASE, "payments", "POST /authorize", 0, 1)
    (spans,) = shop_day(5, minutes=1, traces_per_minute=40.0, stories=[failing])
    status = spans.column("status_code").copy()
    status[::10] = StatusCode.ERROR
    place = SPAN_SCHEMA.get_field_index("status_code")
    return SpanBatch(spans.table.set_column(place, SPAN_SCHEMA.field(place), pa.array(status)))


def _read(reader: SpanReader, stream: BinaryIO) -> tuple[SpanBatch, dict[str, int]]:
    """All spans up to the end or to InvalidInput, and what was rejected."""
    batches: list[SpanBatch] = []
    rejected: Counter[str] = Counter()
    with suppress(InvalidInput):
        for decoded in reader.read(stream):
            batches.append(decoded.spans)
            rejected.update(decoded.rejected)
    return SpanBatch.concat(batches), dict(rejected)


def _first_difference(found: SpanBatch, expected: SpanBatch) -> str:
    lost = set(span_rows(expected)) - set(span_rows(found))
    added = set(span_rows(found)) - set(span_rows(expected))
    return (
        f"{len(lost)} of {len(expected)} spans differ, as {next(iter(lost), None)}; read was {next(iter(added), None)}"
    )


def _expect(kept: bool, broken: str) -> None:
    if not kept:
        raise AssertionError(broken)


def _equal(found: MinuteBatch, expected: MinuteBatch, rule: str) -> None:
    found_rows, expected_rows = sorted_rows(found), sorted_rows(expected)
    for table, rows in expected_rows.items():
        if found_rows[table] != rows:
            lost, added = set(map(str, rows)) - set(map(str, found_rows[table])), len(found_rows[table]) - len(rows)
            raise AssertionError(f"{rule}: {table} differs ({added:+} rows), as {next(iter(lost), 'none is missing')}")
