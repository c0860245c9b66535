"""The fold's minutes depend on what came and in which order, and on nothing else."""

from __future__ import annotations

from tests.live.parts import FIRST_MINUTE, trace_of

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.minutes import MinuteBatch, labels
from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.live.fold import Emission, Fold
from tracetune.testing.minutes import sorted_rows


def calls(minutes: MinuteBatch) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for row in minutes.operations.to_pylist():
        key = (row["minute"] - FIRST_MINUTE, row["span_name"])
        found[key] = found.get(key, 0) + row["calls"]
    return found


def test_closing_a_minute_gives_its_traces_and_keeps_later_ones() -> None:
    fold = Fold(1000, 10)
    fold.take(SpanBatch.concat([trace_of(0), trace_of(0, 1), trace_of(1)]))

    first, second = fold.close(FIRST_MINUTE), fold.close(FIRST_MINUTE + 1)

    assert calls(first.summary.minutes) == {(0, "GET /order"): 2, (0, "Authorize"): 2}
    assert calls(second.summary.minutes) == {(1, "GET /order"): 1, (1, "Authorize"): 1}
    assert (first.number, first.closed_minute, second.number) == (1, FIRST_MINUTE, 2)


def test_spans_that_come_after_their_minute_was_closed_are_added_to_it() -> None:
    fold = Fold(1000, 10)
    whole = trace_of(0)
    fold.take(whole.filter(whole.column("start_time_unix_nano") == whole.column("start_time_unix_nano").min()))
    fold.close(FIRST_MINUTE)
    fold.take(whole)  # the child, and the root once more

    late = fold.close(FIRST_MINUTE + 1)

    assert calls(late.summary.minutes) == {(0, "Authorize"): 1}
    assert late.summary.problems.counts["late_span"] == 1
    assert late.summary.problems.counts["duplicate_span"] == 1


def test_batch_that_is_sent_again_in_time_counts_once() -> None:
    fold = Fold(1000, 10)
    fold.take(trace_of(0))
    fold.take(trace_of(0))

    assert calls(fold.close(FIRST_MINUTE).summary.minutes) == {(0, "GET /order"): 1, (0, "Authorize"): 1}


def test_more_spans_than_may_be_held_are_given_out_before_their_minute_is_closed() -> None:
    fold = Fold(60, 10)
    emissions: list[Emission] = []
    for number in range(2000):
        emissions += fold.take(trace_of(0, number))
    emissions.append(fold.close(FIRST_MINUTE))

    whole = MinuteBatch.merge([each.summary.minutes for each in emissions])
    assert len(emissions) > 2
    assert fold.held_spans == 0
    assert calls(whole) == {(0, "GET /order"): 2000, (0, "Authorize"): 2000}


def test_spans_of_the_future_are_left_out_by_the_time_of_their_arrival() -> None:
    fold = Fold(1000, 10)
    spans = SpanBatch.concat([trace_of(0), trace_of(30)])

    before = fold.screen(Decoded(spans))
    fold.arrive((FIRST_MINUTE + 1) * NANOS_PER_MINUTE)
    after = fold.screen(Decoded(spans, {"no_time": 1}))
    fold.arrive(FIRST_MINUTE * NANOS_PER_MINUTE - 3600 * 10**9)
    back = fold.screen(Decoded(trace_of(5)))

    assert (len(before.spans), before.rejected) == (4, {})
    assert (len(after.spans), after.rejected) == (2, {"no_time": 1, "from_the_future": 2})
    assert len(back.spans) == 2


def test_fold_goes_on_where_another_was() -> None:
    first, second = Fold(90, 3), Fold(90, 3)
    for number in range(100):
        first.take(trace_of(0, number, f"GET /{number % 5}"))
    first.close(FIRST_MINUTE)
    first.take(SpanBatch.concat([trace_of(1, 7, "GET /9"), trace_of(2, 8)]))
    first.flush()
    second.resume(first.checkpoint())

    for fold in (first, second):
        fold.take(SpanBatch.concat([trace_of(0, 3), trace_of(1, 9, "GET /8"), trace_of(1, 10, "GET /0")]))
    one, other = first.close(FIRST_MINUTE + 1), second.close(FIRST_MINUTE + 1)

    assert one.number == other.number
    assert sorted_rows(one.summary.minutes) == sorted_rows(other.summary.minutes)
    assert ("other", 1) in {
        (name, count) for (_, name), count in calls(one.summary.minutes).items() if name == "other"
    } or (calls(one.summary.minutes)[1, "other"] == 2)


def test_names_of_spans_that_were_given_out_are_not_kept() -> None:
    fold = Fold(1000, 10)
    for minute in range(20):
        fold.take(SpanBatch.concat([trace_of(minute, number, f"GET /order/{minute}-{number}") for number in range(5)]))
        fold.take(trace_of(minute + 1, 9, f"GET /early/{minute}"))
        fold.close(FIRST_MINUTE + minute)

    checkpoint = fold.checkpoint()
    names = {name for table in checkpoint.tables.values() for name in labels(table, "name")[1]}

    assert names == {"GET /early/19", "Authorize"}


def test_names_are_not_kept_either_where_too_many_spans_end_their_waiting() -> None:
    fold = Fold(60, 10)
    for number in range(2000):
        fold.take(trace_of(0, number, f"GET /order/{number}"))

    checkpoint = fold.checkpoint()

    assert len({name for table in checkpoint.tables.values() for name in labels(table, "name")[1]}) <= 61
