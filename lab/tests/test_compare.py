"""Comparing recordings: only of one scenario, operation by operation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune_lab.compare import compare
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
