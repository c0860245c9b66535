"""Whole traces from spans in any order, with few spans held."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracetune.domain.spans import SpanBatch
from tracetune.traces.assemble import Assembled, Assembler

BEGIN = 29_000_000 * 60_000_000_000
Spans = Callable[..., SpanBatch]


def traces(parts: Iterable[Assembled]) -> list[tuple[list[int], bool]]:
    return [(sorted(each[-1] for each in part.spans.table["trace_id"].to_pylist()), part.is_late) for part in parts]


def test_what_is_held_is_given_out_at_the_end(spans: Spans) -> None:
    assembler = Assembler()

    given = [*assembler.add(spans({"trace": 1})), *assembler.add(spans({"trace": 1, "id": 2})), *assembler.flush()]

    assert traces(given) == [([1, 1], False)]


def test_a_trace_is_given_out_when_nothing_more_of_it_came_for_a_while(spans: Spans) -> None:
    assembler = Assembler(max_spans=6)
    first = spans({"trace": 1}, {"trace": 2})

    given = [part for batch in (first, spans({"trace": 2}, {"trace": 3})) for part in assembler.add(batch)]

    assert traces(given) == [([1], False)]


def test_all_but_the_newest_are_given_out_where_no_trace_falls_quiet(spans: Spans) -> None:
    assembler = Assembler(max_spans=6)
    batches = [spans({"trace": 1, "id": 2 * at}, {"trace": 1, "id": 2 * at + 1}) for at in range(1, 4)]

    given = [part for batch in batches for part in assembler.add(batch)]

    assert sum(len(part.spans) for part in given if not part.is_late) == 6


def test_spans_of_a_trace_that_was_given_out_are_late(spans: Spans) -> None:
    assembler = Assembler()
    list(assembler.add(spans({"trace": 1})))
    list(assembler.flush())

    given = [*assembler.add(spans({"trace": 1, "id": 2}, {"trace": 2})), *assembler.flush()]

    assert traces(given) == [([1], True), ([2], False)]


def test_no_more_spans_are_held_than_asked_for(spans: Spans) -> None:
    assembler = Assembler(max_spans=30)
    held = most = 0

    for trace in range(1, 100):
        batch = spans(*({"trace": trace + at, "id": trace} for at in range(5)))
        held += len(batch) - sum(len(part.spans) for part in assembler.add(batch))
        most = max(most, held)

    assert most <= 30
    assert held == sum(len(part.spans) for part in assembler.flush())


def test_a_batch_larger_than_all_that_may_be_held_passes_through(spans: Spans) -> None:
    assembler = Assembler(max_spans=3)

    given = list(assembler.add(spans(*({"trace": trace} for trace in range(1, 11)))))

    assert traces(given) == [(list(range(1, 11)), False)]


def test_closing_gives_out_what_began_before_and_keeps_the_rest(spans: Spans) -> None:
    assembler = Assembler()
    list(
        assembler.add(
            spans(
                {"trace": 1, "start": 10, "end": 900},
                {"trace": 2, "start": 200, "end": 900},
                {"trace": 3, "start": 300, "end": 900},
            )
        )
    )
    list(
        assembler.add(
            spans({"trace": 1, "id": 2, "start": 400, "end": 900}, {"trace": 3, "id": 2, "start": 90, "end": 900})
        )
    )

    closed, held, rest = list(assembler.close(BEGIN + 100)), assembler.held_spans, list(assembler.flush())

    assert traces(closed) == [([1, 1, 3, 3], False)]
    assert held == 1
    assert traces(rest) == [([2], False)]


def test_span_that_is_sent_again_after_its_trace_was_given_out_is_not_given_again(spans: Spans) -> None:
    assembler = Assembler()
    list(assembler.add(spans({"trace": 1, "start": 10, "end": 900}, {"trace": 1, "id": 2, "start": 20, "end": 900})))
    list(assembler.close(BEGIN + 100))
    list(assembler.add(spans({"trace": 1, "start": 10, "end": 900}, {"trace": 1, "id": 3, "start": 30, "end": 900})))
    (late,) = assembler.close(BEGIN + 200)
    list(assembler.add(spans({"trace": 1, "id": 3, "start": 30, "end": 900})))
    (again,) = assembler.close(BEGIN + 300)

    assert (len(late.spans), late.repeated) == (1, 1)
    assert (len(again.spans), again.repeated) == (0, 1)


def test_assembler_goes_on_where_another_was(spans: Spans) -> None:
    first = Assembler()
    list(first.add(spans({"trace": 1, "start": 10, "end": 900})))
    list(first.close(BEGIN + 100))
    list(
        first.add(
            spans(
                {"trace": 1, "id": 2, "start": 20, "end": 900},
                {"trace": 2, "start": 150, "end": 900},
                {"trace": 3, "start": 300, "end": 900},
            )
        )
    )

    resumed = Assembler.resume(first.held())

    given = list(resumed.close(BEGIN + 200))
    assert traces(given) == traces(first.close(BEGIN + 200)) == [([1], True), ([2], False)]
    assert resumed.held_spans == first.held_spans == 1
