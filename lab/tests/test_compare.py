"""Comparing recordings: only of one scenario, operation by operation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune_lab.compare import Difference, compare, summary
from tracetune_lab.errors import InvalidRecordingError
from tracetune_lab.recordings import Recording

DEV = Path(__file__).resolve().parent.parent / "recordings" / "dev"


def test_recording_compared_with_itself_differs_nowhere() -> None:
    recording = Recording(DEV / "bookinfo-errors")

    found = compare(recording, recording)

    assert {difference.period for difference in found} == {"before", "during"}
    assert all(each.p50_seconds[0] == each.p50_seconds[1] and each.calls[0] == each.calls[1] for each in found)


def test_recordings_of_two_scenarios_are_not_compared() -> None:
    with pytest.raises(InvalidRecordingError, match="not of the same scenario"):
        compare(Recording(DEV / "bookinfo-errors"), Recording(DEV / "bookinfo-clock-skew"))


def test_summary_tells_the_middle_and_the_most_without_what_computes() -> None:
    rows = [
        Difference("before", "cart /add", (200, 200), (0.020, 0.021), (0.040, 0.044)),
        Difference("before", "cart /items", (30, 30), (0.020, 0.026), (0.040, 0.060)),
        Difference("before", "currency /convert", (200, 200), (0.020, 0.200), (0.040, 0.400)),
    ]

    told = summary(rows)

    assert "2 rows that wait: p50 differs by 3.5 ms in the middle, 6.0 ms at most" in told
    assert "p95 by 30 %, at most 10 % with 100 calls or more and 50 % in all" in told
    assert summary(rows[2:]) == "nothing to compare"
