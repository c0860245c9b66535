"""Real-time scheduling for the lab's processes, so that other work on the machine does not disturb what is measured."""

from __future__ import annotations

import os
from functools import cache
from typing import Literal

from tracetune_lab.errors import PriorityRefusedError

Priority = Literal["normal", "realtime", "auto"]

# Services, Envoys and the generator share one level, so that they take turns among themselves.
# The lab's own process (which keeps spans) is below them: it must not wait for other users' work,
# or Envoy gives spans up, and must never make a service wait.
MEASURED, KEEPER = 10, 5


@cache
def is_permitted() -> bool:
    """Whether this process may use SCHED_RR: as root, with CAP_SYS_NICE, or by `ulimit -r`."""
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(MEASURED))
    except PermissionError:
        return False
    os.sched_setscheduler(0, before, parameters)
    return True


def is_realtime(wanted: Priority) -> bool:
    """Whether a lab runs with real-time priority; `auto` means where it is permitted.

    Raises:
        PriorityRefusedError: `realtime` is wanted and not permitted.
    """
    if wanted == "realtime" and not is_permitted():
        raise PriorityRefusedError(
            "real-time priority is not permitted here: run as root, give CAP_SYS_NICE, set `ulimit -r 10`,"
            " or use --priority normal on an idle machine"
        )
    return wanted != "normal" and is_permitted()


def enter(level: int) -> None:
    """Put the calling process under SCHED_RR at a level; its later children begin at the same one."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(level))


def leave() -> None:
    """Put the calling process back under the ordinary scheduler."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
