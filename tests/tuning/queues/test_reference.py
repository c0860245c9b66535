"""The obvious ways, by hand."""

from __future__ import annotations

from tracetune.tuning.queues.reference import fcfs_begins, sharing_work


def test_the_third_job_waits_for_the_first_of_two_slots() -> None:
    assert fcfs_begins([0, 1, 2, 9], [5, 4, 8, 10], 2) == [0, 1, 4, 9]


def test_two_jobs_on_one_core_work_at_half_the_rate_while_both_are_there() -> None:
    assert sharing_work([0, 2], [4, 6], 1.0) == [3.0, 3.0]
