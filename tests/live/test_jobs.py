"""Trainings are asked for, followed, cancelled, and found again."""

from __future__ import annotations

import pytest

from tracetune.errors import Conflict, NotFound
from tracetune.live.events import TrainingProgress
from tracetune.live.jobs import MOST_KEPT, Jobs, JobState


def test_a_training_that_was_asked_for_waits_runs_and_ends() -> None:
    told: list[TrainingProgress] = []
    jobs = Jobs(told.append, iter((100.0, 160.0, 190.0)).__next__)

    asked = jobs.ask()
    wanted = jobs.is_wanted
    jobs.began("30 series of 1440 minutes", steps=lambda: (2, 6))
    running = jobs.job(asked.id)
    jobs.ended()
    done = jobs.job(asked.id)

    assert (asked.state, asked.by_hand, wanted) == (JobState.WAITING, True, True)
    assert (running.state, running.done, running.total, running.began) == (JobState.RUNNING, 2, 6, 160.0)
    assert (done.state, done.done, done.total, done.ended) == (JobState.DONE, 6, 6, 190.0)
    assert not jobs.is_wanted
    assert [(each.done, each.total) for each in told] == [(0, 0), (0, 0), (6, 6)]


def test_asking_twice_gives_the_one_that_goes_on() -> None:
    jobs = Jobs()
    first = jobs.ask()

    assert jobs.ask().id == first.id
    jobs.began("")
    assert jobs.ask().id == first.id
    jobs.ended()
    assert jobs.ask().id != first.id


def test_a_training_that_was_due_is_found_too_and_failed_ones_say_why() -> None:
    jobs = Jobs()
    jobs.began("3 series of 400 minutes")
    jobs.ended("the last training ended with status 1")

    (job,) = jobs.all()

    assert (job.by_hand, job.state) == (False, JobState.FAILED)
    assert job.text == "the last training ended with status 1"


def test_one_that_runs_is_killed_when_it_is_cancelled_and_its_end_changes_nothing() -> None:
    killed: list[bool] = []
    jobs = Jobs()
    job = jobs.ask()
    jobs.began("", kill=lambda: killed.append(True))

    cancelled = jobs.cancel(job.id)
    jobs.ended("died")

    assert killed == [True]
    assert cancelled.state is JobState.CANCELLED
    assert jobs.job(job.id).state is JobState.CANCELLED


def test_one_that_waits_is_not_begun_after_it_was_cancelled() -> None:
    jobs = Jobs()

    jobs.cancel(jobs.ask().id)

    assert not jobs.is_wanted


def test_one_that_waits_is_refused_and_is_not_ended_by_the_end_of_another() -> None:
    jobs = Jobs()
    jobs.began("", kill=lambda: None)
    (first,) = jobs.all()
    jobs.cancel(first.id)
    second = jobs.ask()

    jobs.ended()  # the first died at last
    waits = jobs.is_wanted
    jobs.refuse("too short a history")

    assert waits
    assert jobs.job(second.id).state is JobState.FAILED
    assert jobs.job(second.id).text == "too short a history"


def test_what_is_over_or_unknown_or_cannot_be_stopped_is_not_cancelled() -> None:
    jobs = Jobs()
    job = jobs.ask()
    jobs.began("")
    with pytest.raises(Conflict, match="nearly done"):
        jobs.cancel(job.id)
    jobs.ended()

    with pytest.raises(Conflict, match="is done"):
        jobs.cancel(job.id)
    with pytest.raises(NotFound, match="no job 'job-none'"):
        jobs.cancel("job-none")


def test_old_jobs_are_forgotten() -> None:
    jobs = Jobs()
    for _ in range(MOST_KEPT + 5):
        jobs.began("")
        jobs.ended()

    assert len(jobs.all()) == MOST_KEPT
