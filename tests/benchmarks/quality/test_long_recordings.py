"""Tests of the lab's long runs as they are committed: real minutes of real Envoys."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from quality.long_recordings import SLOT_MINUTES, long_recorded
from quality.recordings import HISTORY_MINUTES, with_history
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.series import Metric, SeriesBatch


def test_each_fault_of_a_run_for_development_is_judged_by_itself() -> None:
    found = {each.name: each for each in long_recorded("dev")}

    first, second = found["shop-calls-1"], found["shop-calls-2"]
    assert [each.faults[0].kind for each in (first, second)] == ["mix_shift", "retry_storm"]
    assert len(first.period) == SLOT_MINUTES
    for each in (first, second):
        assert each.faults[0].start_unix_nano // NANOS_PER_MINUTE in each.period


def test_no_fault_lies_in_the_calm_that_history_is_made_of() -> None:
    for each in (*long_recorded("dev"), *long_recorded("report")):
        begins = [fault.start_unix_nano // NANOS_PER_MINUTE for fault in each.faults]
        assert max(each.lead) < min([*begins, each.period.start])


def test_the_calm_is_in_whole_periods_of_a_load_that_goes_up_and_down() -> None:
    (rhythm,) = (each for each in long_recorded("dev") if each.name == "bookinfo-rhythm")

    assert len(rhythm.lead) == 30
    assert all(later - earlier == 1 for earlier, later in pairwise(rhythm.lead[1:]))
    assert rhythm.lead[0] == rhythm.lead[15]  # the first minute of a run warms up


def test_a_recording_stands_behind_its_history_without_a_gap() -> None:
    recording = next(each for each in long_recorded("dev") if each.name == "wide-deep")

    series = SeriesBatch.from_minutes(with_history(recording))

    assert series.length == HISTORY_MINUTES + len(recording.period)
    assert series.observed.all()
    entrance = np.nan_to_num(series[Metric.CALLS][series.root_share > 0.5]).sum(axis=0)
    assert 0.5 < entrance[:HISTORY_MINUTES].mean() / entrance[HISTORY_MINUTES:].mean() < 2.0
