"""What a running replica has been told to do differently: the state behind faults in the application."""

from __future__ import annotations

import math
import random
from typing import Literal

import msgspec


class AddedLatency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time added to one operation's own work.

    `constant` adds `seconds` each time. `heavy_tailed` adds a Pareto draw of shape 1.5 with mean
    `seconds`, so that most calls hardly change and a few are very slow. `leak` grows from 0 to
    `seconds` over `ramp_seconds` since `since_unix_seconds`, then stays.
    """

    kind: Literal["constant", "heavy_tailed", "leak"]
    seconds: float
    since_unix_seconds: float = 0.0
    ramp_seconds: float = 1.0

    def draw(self, rng: random.Random, now_unix_seconds: float) -> float:
        """The seconds to add to one call."""
        if self.kind == "constant":
            return self.seconds
        if self.kind == "leak":
            grown = (now_unix_seconds - self.since_unix_seconds) / self.ramp_seconds
            return self.seconds * min(1.0, max(0.0, grown))
        shape = 1.5
        least = self.seconds * (shape - 1) / shape  # the mean of a Pareto draw is least * shape / (shape - 1)
        # Cut at 40 times the mean, so that one draw cannot outlast a whole recording.
        return min(40 * self.seconds, least / math.pow(1 - rng.random(), 1 / shape))


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All departures from the topology at once; the default is none.

    `retries` and `call_timeout_seconds` replace those of every call the replica makes.
    """

    added_latency: dict[str, AddedLatency] = {}
    error_ratio: dict[str, float] = {}
    pool_slots: int | None = None
    retries: int | None = None
    call_timeout_seconds: float | None = None
