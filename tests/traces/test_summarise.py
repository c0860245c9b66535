"""The whole stage against the slow reference, on arbitrary traces, and what must not matter: order and division."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.traces import reference
from tracetune.traces.assemble import Assembler
from tracetune.traces.summarise import TraceSummary, summarise, summarise_late, warm_up

MINUTE = 60_000_000_000
BASE = 29_000_000 * MINUTE
QUICK = settings(max_examples=40, deadline=None)


def span(trace: int, identity: int, parent: int = 0, **given_: Any) -> dict[str, Any]:
    start = given_.pop("start", 0)
    end = given_.pop("end", 100)
    row = {
        "trace_id": trace.to_bytes(16, "big"),
        "span_id": identity.to_bytes(8, "big"),
        "parent_span_id": parent.to_bytes(8, "big"),
        "name": "get",
        "service_name": "shop",
        "start_time_unix_nano": BASE + start,
        "end_time_unix_nano": BASE + end,
    }
    return {**row, **given_}


@st.composite
def spans_of_traces(draw: st.DrawFn, *, clean: bool = False) -> list[dict[str, Any]]:
    """Spans that overlap, nest, share ids, name unknown parents and themselves; clean ones are trees on one host.

    Times are few, so that they are often equal, and some lie in the next minute. All spans share one instance: clock skew
    is judged over a whole batch, and would make the answer depend on its division.
    """
    rows = []
    for trace in range(1, draw(st.integers(1, 4)) + 1):
        for identity in range(1, draw(st.integers(1, 7)) + 1):
            start = draw(st.integers(0, 12))
            parents = st.integers(0, identity - 1) if clean else st.integers(0, 8)
            rows.append(
                span(
                    trace,
                    identity if clean else draw(st.integers(1, 7)),
                    draw(parents),
                    start=start * MINUTE // 6,
                    end=(start + draw(st.integers(0, 12))) * MINUTE // 6,
                    kind=draw(st.sampled_from(SpanKind)),
                    name=draw(st.sampled_from(["get", "put"])),
                    service_name=draw(st.sampled_from(["shop", "cart", "pay"])),
                    status_code=draw(st.sampled_from(StatusCode)),
                    instance="one",
                    peer=draw(st.sampled_from([None, "redis", "cart"])),
                )
            )
    return rows


def keyed(table: pa.Table, keys: int, columns: Iterable[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    names = table.schema.names
    rows = table.to_pylist()
    result = {tuple(row[name] for name in names[:keys]): {name: row[name] for name in columns} for row in rows}
    assert len(result) == len(rows)
    return result


def contents(minutes: MinuteBatch, *, exemplars: bool = True) -> dict[str, list[str]]:
    names = ["operations", "links", "instances", "paths", *(["exemplars"] if exemplars else [])]
    return {name: sorted(map(repr, getattr(minutes, name).to_pylist())) for name in names}


@QUICK
@given(spans_of_traces())
def test_operations_equal_the_reference(rows: list[dict[str, Any]]) -> None:
    known = _without_duplicates(rows)
    parents = reference.find_parents(reference.rows_of(SpanBatch.from_rows(known)))

    summary = summarise(SpanBatch.from_rows(rows))

    sums = ("calls", "errors", "duration_nano", "self_time_nano")
    expected = reference.operations(reference.rows_of(SpanBatch.from_rows(known)), parents)
    actual = keyed(summary.minutes.operations, 5, sums)
    assert actual == {key: {name: counts[name] for name in sums} for key, counts in expected.items()}


@QUICK
@given(spans_of_traces())
def test_paths_equal_the_reference(rows: list[dict[str, Any]]) -> None:
    known = reference.rows_of(SpanBatch.from_rows(_without_duplicates(rows)))

    summary = summarise(SpanBatch.from_rows(rows))

    sums = ("traces", "spans", "critical_path_nano")
    expected = reference.paths(known, reference.find_parents(known))
    actual = keyed(summary.minutes.paths, 5, sums)
    assert actual == {key: {name: counts[name] for name in sums} for key, counts in expected.items()}


@QUICK
@given(spans_of_traces())
def test_concurrency_equals_the_reference(rows: list[dict[str, Any]]) -> None:
    known = reference.rows_of(SpanBatch.from_rows(_without_duplicates(rows)))

    summary = summarise(SpanBatch.from_rows(rows))

    expected = reference.max_concurrency(known, reference.find_parents(known))
    actual = keyed(summary.minutes.instances, 4, ["max_concurrency"])
    assert {key: row["max_concurrency"] for key, row in actual.items()} == expected


@QUICK
@given(spans_of_traces(clean=True), st.randoms(use_true_random=False))
def test_the_order_of_spans_does_not_matter(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)

    one, other = summarise(SpanBatch.from_rows(rows)), summarise(SpanBatch.from_rows(shuffled))

    assert contents(one.minutes) == contents(other.minutes)
    assert one.problems == other.problems
    assert sorted(map(repr, one.exemplars.table.to_pylist())) == sorted(map(repr, other.exemplars.table.to_pylist()))


@QUICK
@given(spans_of_traces(clean=True))
def test_minutes_of_parts_merge_to_the_minutes_of_the_whole(rows: list[dict[str, Any]]) -> None:
    parts = [[row for row in rows if row["trace_id"][-1] % 2 == odd] for odd in (0, 1)]

    merged = TraceSummary.merge([summarise(SpanBatch.from_rows(part)) for part in parts])

    whole = summarise(SpanBatch.from_rows(rows))
    names = ("operations", "links", "paths")  # concurrency is seen within a batch only, medians and usual calls too
    assert [contents(merged.minutes)[name] for name in names] == [contents(whole.minutes)[name] for name in names]
    assert (merged.problems, merged.spans, merged.traces) == (whole.problems, whole.spans, whole.traces)


@QUICK
@given(spans_of_traces(clean=True), st.integers(1, 40), st.integers(1, 7))
def test_spans_that_come_in_batches_give_the_same_minutes(rows: list[dict[str, Any]], hold: int, size: int) -> None:
    assembler = Assembler(max_spans=30 + 3 * hold)  # more than the spans of the traces: none is closed too early
    batches = [SpanBatch.from_rows(rows[at : at + size]) for at in range(0, len(rows), size)]

    given_out = [part for batch in batches for part in assembler.add(batch)]
    given_out += assembler.flush()

    assert not any(part.is_late for part in given_out)
    merged = TraceSummary.merge([summarise(part.spans) for part in given_out])
    whole = summarise(SpanBatch.from_rows(rows))
    names = ("operations", "links", "paths")
    assert [contents(merged.minutes)[name] for name in names] == [contents(whole.minutes)[name] for name in names]


@QUICK
@given(spans_of_traces())
def test_a_root_operation_s_paths_sum_to_the_durations_of_its_roots(rows: list[dict[str, Any]]) -> None:
    known = reference.rows_of(SpanBatch.from_rows(_without_duplicates(rows)))
    roots = [row for row, parent in zip(known, reference.find_parents(known), strict=True) if isinstance(parent, str)]

    paths = summarise(SpanBatch.from_rows(rows)).minutes.paths

    durations = sum(row["end_time_unix_nano"] - row["start_time_unix_nano"] for row in roots)
    assert sum(paths["critical_path_nano"].to_pylist()) == durations


def test_no_spans_give_no_minutes() -> None:
    summary = summarise(SpanBatch.empty())

    assert (len(summary.minutes.operations), summary.traces, summary.findings()) == (0, 0, ())


def test_duplicates_count_once_and_are_reported_with_their_service() -> None:
    rows = [span(1, 1), span(1, 2, 1), span(1, 2, 1)]

    summary = summarise(SpanBatch.from_rows(rows))

    assert summary.spans == 2
    assert sum(summary.minutes.operations["calls"].to_pylist()) == 2
    assert summary.problems.places["duplicate_span", "shop"] == 1


def test_late_spans_count_as_operations_but_not_on_paths_or_links() -> None:
    rows = [span(1, 2, 1, kind=SpanKind.SERVER), span(1, 3, 1, kind=SpanKind.CLIENT, peer="redis")]

    late = summarise_late(SpanBatch.from_rows(rows))

    operations = late.minutes.operations.to_pylist()
    assert sorted((row["span_kind"], row["is_entry"], row["root_calls"]) for row in operations) == [
        (SpanKind.SERVER, True, 0),
        (SpanKind.CLIENT, False, 0),
    ]
    assert len(late.minutes.paths) == len(late.minutes.links) == late.traces == 0
    assert late.problems.counts["late_span"] == 2


def test_skewed_hosts_are_corrected_before_anything_is_measured() -> None:
    client = span(1, 1, kind=SpanKind.CLIENT, instance="a", end=10_000_000)
    server = span(1, 2, 1, kind=SpanKind.SERVER, service_name="cart", instance="b", start=-50_000_000, end=-42_000_000)

    summary = summarise(SpanBatch.from_rows([client, server]))

    assert {row["service_name"]: row["critical_path_nano"] for row in summary.minutes.paths.to_pylist()} == {
        "shop": 2_000_000,
        "cart": 8_000_000,
    }
    assert summary.problems.places["clock_skew", "b"] == 1


def test_exemplars_of_merged_summaries_are_those_of_the_merged_minutes() -> None:
    quick, slow = span(1, 1, end=1_000), span(2, 1, end=9_000_000)
    parts = [summarise(SpanBatch.from_rows([row])) for row in (quick, slow)]

    merged = TraceSummary.merge(parts)

    assert [row["trace_id"][-1] for row in merged.exemplars.table.to_pylist()] == [2]


def test_a_trace_of_100_000_spans_wide_or_deep_is_summarised() -> None:
    count = 100_000
    identity = np.arange(1, count + 1)
    for parent in (np.where(identity > 1, 1, 0), identity - 1):
        rows = _many(identity, parent)

        summary = summarise(rows)

        assert sum(summary.minutes.paths["critical_path_nano"].to_pylist()) == 2 * count
        assert summary.problems.counts["huge_trace"] == 1
        assert len(summary.exemplars) == 0


def test_warming_up_compiles_everything() -> None:
    warm_up()


def _many(identity: Any, parent: Any) -> SpanBatch:
    one = SpanBatch.from_rows([span(1, 1)]).table
    table = one.take(pa.array(np.zeros(len(identity), np.int64)))
    columns = {
        "span_id": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(8), len(identity), [None, pa.py_buffer(identity.astype(">u8").tobytes())]
        ),
        "parent_span_id": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(8), len(identity), [None, pa.py_buffer(parent.astype(">u8").tobytes())]
        ),
        "start_time_unix_nano": pa.array(BASE + identity - 1),
        "end_time_unix_nano": pa.array(BASE + 2 * len(identity) - identity + 1),
    }
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
    return SpanBatch(table)


def _without_duplicates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for row in rows:
        key = (row["trace_id"], row["span_id"], row["kind"])
        if key not in seen:
            kept.append(row)
        seen.add(key)
    return kept
