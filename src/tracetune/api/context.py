"""What every route needs: the newest snapshot, the notes, the time and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from tracetune.api.alerting import Alerter
from tracetune.api.snapshots import Shown, Snapshots
from tracetune.api.windows import Window, window
from tracetune.clock import Clock, system_clock
from tracetune.domain.notes import Notes
from tracetune.live.jobs import Jobs
from tracetune.live.publisher import Publisher
from tracetune.stores.notes import NoteBook


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that the routes share; one an application.

    Attributes:
        links: templates of other tools' addresses by name: trace, compare, logs, runbook.
        clock: seconds since the Unix epoch, for notes; windows are relative to the newest minute instead.
        jobs: trainings; None where nothing is learned by this process.
    """

    snapshots: Snapshots
    notebook: NoteBook
    alerter: Alerter
    links: dict[str, str] = field(default_factory=dict)
    clock: Clock = system_clock
    jobs: Jobs | None = None

    @property
    def publisher(self) -> Publisher:
        """Where snapshots come from."""
        return self.snapshots.publisher


@dataclass(frozen=True, slots=True)
class Asked:
    """One request's view: a snapshot that does not change under it, the window it asks about, and the notes."""

    context: Context
    shown: Shown
    window: Window
    notes: Notes
    now: float


def context_of(request: Request) -> Context:
    """The context of the application that serves the request."""
    found: Context = request.app.state.context
    return found


def asked(request: Request, start: str = "", end: str = "") -> Asked:
    """What a request with this ``from`` and ``to`` is answered from.

    Raises:
        InvalidInput: a text that is no time.
    """
    context = context_of(request)
    shown = context.snapshots.current()
    chosen = window(start, end, shown.held) if start or end else shown.held
    return Asked(context, shown, chosen, context.notebook.notes(), context.clock())
