"""Work that somebody asked for and can leave and find again: what was asked, how far it is, how it ended."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from tracetune.clock import Clock, system_clock
from tracetune.errors import Conflict, NotFound
from tracetune.live.events import TrainingProgress

MOST_KEPT = 50
"""Ended jobs that can still be asked about; older ones are forgotten."""


class JobState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"  # for the end of the minute
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """One training.

    Attributes:
        by_hand: whether somebody asked for it; else it was due.
        asked, began, ended: seconds since the Unix epoch; 0 where not yet.
        done, total: steps, a step for each metric; 0 of 0 before it began.
        text: what it learns from, or why it failed.
    """

    id: str
    by_hand: bool
    state: JobState
    asked: float
    began: float = 0.0
    ended: float = 0.0
    done: int = 0
    total: int = 0
    text: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


Steps = Callable[[], tuple[int, int]]


class Jobs:
    """Trainings, the newest first; one at a time is waiting or running. Every method may be called from any thread.

    Args:
        announce: told of every change.
    """

    def __init__(self, announce: Callable[[TrainingProgress], None] | None = None, clock: Clock = system_clock) -> None:
        self._announce, self._clock = announce, clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._kill: Callable[[], None] | None = None
        self._steps: Steps | None = None

    def ask(self) -> Job:
        """Ask for a training; the one that waits or runs already, if there is one."""
        with self._lock:
            job = self._current() or self._keep(
                Job(f"job-{secrets.token_hex(3)}", by_hand=True, state=JobState.WAITING, asked=self._clock())
            )
        self._tell(job)
        return job

    @property
    def is_wanted(self) -> bool:
        """Whether a training waits to be begun."""
        with self._lock:
            job = self._current()
            return job is not None and job.state is JobState.WAITING

    def began(self, text: str, *, kill: Callable[[], None] | None = None, steps: Steps | None = None) -> None:
        """Say that a training began: the one that was asked for, or one that was due."""
        now = self._clock()
        with self._lock:
            job = self._current() or Job(
                f"job-{secrets.token_hex(3)}", by_hand=False, state=JobState.WAITING, asked=now
            )
            self._kill, self._steps = kill, steps
            job = self._keep(replace(job, state=JobState.RUNNING, began=now, text=text))
        self._tell(job)

    def ended(self, problem: str = "") -> None:
        """Say that the training under way ended; one that was cancelled stays so, and one that waits goes on waiting."""
        with self._lock:
            job = self._current()
            if job is None or job.state is JobState.WAITING:
                return
            job = self._with_steps(job)
            state = JobState.FAILED if problem else JobState.DONE
            done = job.done if problem else job.total
            job = self._keep(replace(job, state=state, ended=self._clock(), done=done, text=problem or job.text))
            self._kill = self._steps = None
        self._tell(job)

    def refuse(self, why: str) -> None:
        """Say that the training that waits, if one does, will not be done."""
        with self._lock:
            job = self._current()
            if job is None or job.state is not JobState.WAITING:
                return
            job = self._keep(replace(job, state=JobState.FAILED, ended=self._clock(), text=why))
        self._tell(job)

    def cancel(self, job_id: str) -> Job:
        """End a training; the models of before stay in force.

        Raises:
            NotFound: there is no such job.
            Conflict: it is over, or it runs where it cannot be stopped.
        """
        with self._lock:
            job = self._known(job_id)
            if job.is_over:
                raise Conflict(f"{job_id} is {job.state}", hint="only one that waits or runs can be cancelled")
            if job.state is JobState.RUNNING:
                if self._kill is None:
                    raise Conflict(f"{job_id} is nearly done", hint="it takes a second; wait for its end")
                self._kill()
            job = self._keep(replace(self._with_steps(job), state=JobState.CANCELLED, ended=self._clock()))
            self._kill = self._steps = None
        self._tell(job)
        return job

    def job(self, job_id: str) -> Job:
        """One job as it is now.

        Raises:
            NotFound: there is none of this id, or it was forgotten.
        """
        with self._lock:
            return self._with_steps(self._known(job_id))

    def all(self) -> tuple[Job, ...]:
        """Every job that is known, the newest first."""
        with self._lock:
            return tuple(self._with_steps(job) for job in reversed(self._jobs.values()))

    def _known(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            known = ", ".join(list(self._jobs)[-8:]) or "none"
            raise NotFound(f"there is no job {job_id!r}", hint=f"known: {known}")
        return self._jobs[job_id]

    def _current(self) -> Job | None:
        return next((job for job in self._jobs.values() if not job.is_over), None)

    def _with_steps(self, job: Job) -> Job:
        if job.state is not JobState.RUNNING or self._steps is None:
            return job
        done, total = self._steps()
        return replace(job, done=done, total=total)

    def _keep(self, job: Job) -> Job:
        self._jobs[job.id] = job
        while len(self._jobs) > MOST_KEPT:
            del self._jobs[next(iter(self._jobs))]
        return job

    def _tell(self, job: Job) -> None:
        if self._announce is not None:
            self._announce(TrainingProgress(job.done, job.total, job.text if job.state is JobState.FAILED else ""))
