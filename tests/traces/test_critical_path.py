"""Critical paths: CRISP's own cases worked out by hand, real traces, and the sum that must come out."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pytest

from tracetune.domain.spans import SpanBatch
from tracetune.traces.columns import TraceColumns
from tracetune.traces.critical_path import CriticalPaths, critical_paths
from tracetune.traces.summarise import summarise
from tracetune.traces.tree import children_by_end, find_parents

# Own time on the critical path by operation, worked out from the spans' times, [start, end], in the files' microseconds.
ALONE = {"O1": 100}  # A [0, 100] without children
ONE_CHILD = {"O1": 50, "O2": 50}  # B [10, 60] in A [0, 100]
ALL_IN_CHILD = {"O1": 0, "O2": 100}  # B [0, 100] is as long as A
CHAIN = {"O1": 50, "O2": 40, "O3": 10}  # C [20, 30] in B [10, 60] in A [0, 100]
ONE_OPERATION_THREE_TIMES = {"O1": 40, "O2": 60}  # B1 [10, 30], B2 [40, 50], B3 [60, 90]
THREE_IN_TURN = {"O1": 40, "O2": 20, "O3": 10, "O4": 30}  # the same times, three operations
OUTLASTING_CHILD = {"O1": 10, "O2": 80, "O3": 10}  # B [10, 110] is cut to A's end at 100; C [40, 50] is in B
OUTLASTING_GRANDCHILD = {"O1": 40, "O2": 10, "O3": 50}  # C [20, 120] is cut to B's end at 70
AFTER_THE_PARENT = {"O1": 70, "O4": 30}  # B [110, 160] starts when A [0, 100] is over; D [60, 90] is awaited
# D [308, 608]; C [209, 309] overlaps D by 1 of its 100 and is cut to 308; B [10, 210] overlaps C by 1 of 200, cut to 209.
# (CRISP adds up 300, 100 and 200 here and takes them off A; ours are parts of A's duration that never overlap.)
ALMOST_IN_TURN = {"O1": 402, "O2": 199, "O3": 99, "O4": 300}
LATER_OF_TWO_AT_ONCE = {"O1": 40, "O2": 40, "O4": 20}  # D [30, 50] ends last; C [25, 45] overlaps it by 15 of 20
# D [40, 65]; C [20, 45] overlaps it by 5 of 25, a fifth: at one time; B [10, 30] ends before D starts.
EVERY_OTHER = {"O1": 35, "O2": 20, "O4": 25}
FIVE_AND_A_LAST = {"O1": 35, "O2": 50, "O3": 15}  # five calls of O2, ten each, then G [85, 100]
# F [70, 100] with G [80, 90] in it; E [50, 60]; D [30, 40]; C [15, 35] overlaps D by 5 of 20; B [10, 20].
EVERY_OTHER_OF_SIX = {"O1": 50, "O2": 10, "O4": 10, "O5": 10, "O6": 20, "O7": 10}
TWO_IN_TURN_ONE_NESTED = {"O1": 40, "O2": 30, "O3": 20, "O4": 10}  # D [80, 90]; B [20, 70] with C [30, 50]
# F [120, 220] > G [140, 200] > H [150, 170], I [180, 190]; B [10, 110] > C [30, 40], D [50, 60], E [70, 80].
TWO_SUBTREES = {"O1": 50, "O2": 70, "O3": 10, "O4": 10, "O5": 10, "O6": 40, "O7": 30, "O8": 20, "O9": 10}
# D [300, 600]; C [205, 305] overlaps by 5 of 100, a twentieth: in turn, cut to 300; B [10, 210] by 5 of 200, cut to 205.
JUST_IN_TURN = {"O1": 10, "O2": 195, "O3": 95, "O4": 300}
SAME_CALL_THREE_TIMES = {"O1": 150, "O2": 150}  # [50, 100], [150, 200], [250, 300] in [0, 300]
THREE_CALLS_TWICE = {"O1": 100, "O2": 300, "O3": 300}  # two O2 of 300, each with three O3 of 50, in 700
FAILING_LAST = {"O1": 70, "O2": 30}  # B [70, 100] in A [0, 100]: an error changes no time
FAILING_ALL_ALONG = {"O1": 0, "O2": 70, "O3": 30}  # C [70, 100] in B [0, 100] in A [0, 100]
ERROR_IN_THE_MIDDLE = {"O1": 70, "O2": 30}  # B [30, 60]

CRISP = {
    "1.json": ALONE,
    "2.json": ONE_CHILD,
    "3.json": ALL_IN_CHILD,
    "4.json": CHAIN,
    "5.json": ONE_OPERATION_THREE_TIMES,
    "6.json": THREE_IN_TURN,
    "7.json": OUTLASTING_CHILD,
    "8.json": OUTLASTING_GRANDCHILD,
    "9.json": AFTER_THE_PARENT,
    "10.json": ALMOST_IN_TURN,
    "11.json": ERROR_IN_THE_MIDDLE,
    "12.json": LATER_OF_TWO_AT_ONCE,
    "13.json": LATER_OF_TWO_AT_ONCE,
    "14.json": EVERY_OTHER,
    "15.json": FIVE_AND_A_LAST,
    "16.json": EVERY_OTHER_OF_SIX,
    "17.json": TWO_IN_TURN_ONE_NESTED,
    "18.json": TWO_SUBTREES,
    "19.json": JUST_IN_TURN,
    "20.json": JUST_IN_TURN,
    "21.json": JUST_IN_TURN,
    "22.json": SAME_CALL_THREE_TIMES,
    "23.json": THREE_CALLS_TWICE,
    "24.json": THREE_CALLS_TWICE,
    "25.json": THREE_CALLS_TWICE,
    "err_pattern1/err1.json": FAILING_LAST,
    "err_pattern1/err2.json": FAILING_LAST,
    "err_pattern2/err1.json": FAILING_LAST,
    "err_pattern2/err2.json": FAILING_LAST,
    "err_pattern3/err1.json": FAILING_ALL_ALONG,
    "err_pattern3/err2.json": FAILING_ALL_ALONG,
    "err_pattern4/err1.json": FAILING_ALL_ALONG,
    "err_pattern4/err2.json": FAILING_ALL_ALONG,
}


@pytest.mark.parametrize("case", CRISP)
def test_crisp_cases_give_the_paths_worked_out_by_hand(data_dir: Path, case: str) -> None:
    spans = from_jaeger(data_dir / "trace_fixtures/crisp/test_cases" / case)

    columns, paths = paths_of(spans)

    by_operation: dict[str, int] = {}
    for row, own_nano in zip(paths.span, paths.own_nano, strict=True):
        name = columns.labels.name[columns.name[row]]
        by_operation[name] = by_operation.get(name, 0) + own_nano // 1_000
    assert by_operation == CRISP[case]


def test_every_crisp_case_has_its_expectation(data_dir: Path) -> None:
    folder = data_dir / "trace_fixtures/crisp/test_cases"

    files = {str(path.relative_to(folder)) for path in folder.rglob("*.json")}

    assert files == set(CRISP)


def test_paths_of_recorded_traces_sum_to_the_durations_of_their_roots(data_dir: Path) -> None:
    files = [path for path in sorted((data_dir / "deathstarbench_jaeger").rglob("*.json")) if path.stat().st_size < 5e7]
    for path in files:
        columns, paths = paths_of(from_jaeger(path))

        sums = np.zeros(len(columns), np.int64)
        np.add.at(sums, paths.root, paths.own_nano)

        roots = np.unique(paths.root)
        np.testing.assert_array_equal(sums[roots], (columns.end - columns.start)[roots])
        assert (paths.own_nano >= 0).all()


def test_paths_of_the_hotel_sum_too_and_its_clocks_are_found_to_differ(data_dir: Path) -> None:
    with tarfile.open(data_dir / "traceweaver_hotel/hotel_load50.tar.gz") as archive:
        files = [member for member in archive if member.name.endswith(".json")][:200]
        documents = [json.load(cast("IO[bytes]", archive.extractfile(member))) for member in files]
    spans = SpanBatch.from_rows([row for document in documents for row in _rows(document)])

    columns, paths = paths_of(spans)
    summary = summarise(spans)

    roots = np.unique(paths.root)
    assert paths.own_nano.sum() == (columns.end - columns.start)[roots].sum()
    assert len(roots) == columns.traces == 200
    # The servers of search and reservation start about 3 ms before their clients do, in nine calls of ten.
    assert summary.problems.counts["clock_skew"] > 0
    assert {place for code, place in summary.problems.places if code == "clock_skew"} >= {"search", "reservation"}


def paths_of(spans: SpanBatch) -> tuple[TraceColumns, CriticalPaths]:
    columns = TraceColumns.from_spans(spans)
    parents = find_parents(columns)
    children = children_by_end(parents, columns)
    return columns, critical_paths(columns.start, columns.end, parents.parent, children)


def from_jaeger(path: Path) -> SpanBatch:
    return SpanBatch.from_rows(_rows(json.loads(path.read_text())))


def _rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    traces = document.get("data", [document])
    return [_row(trace, span) for trace in traces for span in trace["spans"]]


def _row(trace: dict[str, Any], span: dict[str, Any]) -> dict[str, Any]:
    start = (1_700_000_000_000_000 if span["startTime"] < 10**15 else 0) + span["startTime"]
    references = [reference for reference in span.get("references") or [] if reference["traceID"] == span["traceID"]]
    return {
        "trace_id": _identifier(span["traceID"], 16),
        "span_id": _identifier(span["spanID"], 8),
        "parent_span_id": _identifier(references[0]["spanID"], 8) if references else bytes(8),
        "name": span["operationName"],
        "service_name": trace["processes"][span["processID"]]["serviceName"],
        "start_time_unix_nano": start * 1_000,
        "end_time_unix_nano": (start + span["duration"]) * 1_000,
    }


def _identifier(text: str, width: int) -> bytes:
    """An id's bytes; CRISP's ids are letters such as B1, which are hexadecimal by chance or not at all."""
    try:
        return int(text, 16).to_bytes(width, "big")
    except ValueError:
        return text.encode().rjust(width, b"\0")
