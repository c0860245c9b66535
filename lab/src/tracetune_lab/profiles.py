"""How many requests per second arrive at a moment: the load profiles, and the arrivals drawn from them."""

from __future__ import annotations

import math
import random
from typing import Literal

import msgspec

from tracetune_lab.errors import InvalidTopologyError

MAX_REQUESTS = 400_000


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rate over time, in requests per second.

    `diurnal` swings between `base_rps` and `peak_rps` once in `day_seconds`, with a small second
    hump in the evening; `ramp` goes from base to peak over the whole run; `step` jumps to peak at
    `from_seconds` and `surge` returns at `to_seconds`; `replay` plays `rates_rps`, one for each
    `replay_step_seconds`, beginning again at the end. A compressed day is a smaller `day_seconds`:
    the profile is compressed, never a duration.
    """

    kind: Literal["constant", "diurnal", "ramp", "step", "surge", "replay"] = "constant"
    base_rps: float = 5.0
    peak_rps: float = 5.0
    day_seconds: float = 86400.0
    from_seconds: float = 0.0
    to_seconds: float = 0.0
    rates_rps: list[float] = []
    replay_step_seconds: float = 60.0

    def rate(self, at_seconds: float, run_seconds: float) -> float:
        """The rate at a moment of a run of `run_seconds`."""
        if self.kind == "replay":
            return self.rates_rps[int(at_seconds / self.replay_step_seconds) % len(self.rates_rps)]
        return self.base_rps + (self.peak_rps - self.base_rps) * self._weight(at_seconds, run_seconds)

    def times(self, factor: float) -> Profile:
        """The same profile at `factor` times the rate."""
        rates = [factor * rate for rate in self.rates_rps]
        scaled = {"base_rps": factor * self.base_rps, "peak_rps": factor * self.peak_rps, "rates_rps": rates}
        return msgspec.structs.replace(self, **scaled)

    def most_rps(self) -> float:
        """The highest rate of the profile."""
        return max([self.base_rps, self.peak_rps] if self.kind != "replay" else self.rates_rps)

    def _weight(self, at_seconds: float, run_seconds: float) -> float:
        if self.kind == "diurnal":
            angle = 2 * math.pi * at_seconds / self.day_seconds
            # Lowest at the day's start, highest in its middle; 0.94 keeps the greatest sum just under 1.
            return max(0.0, 0.94 * (0.5 - 0.5 * math.cos(angle) - 0.12 * math.sin(2 * angle)))
        if self.kind == "ramp":
            return at_seconds / run_seconds
        if self.kind == "step":
            return float(at_seconds >= self.from_seconds)
        if self.kind == "surge":
            return float(self.from_seconds <= at_seconds < self.to_seconds)
        return 0.0


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A planned departure of the load: another rate or another mix, between two moments."""

    from_seconds: float
    to_seconds: float
    factor: float = 1.0
    mix: dict[str, float] | None = None


class Arrival(msgspec.Struct, frozen=True):
    """One request to come."""

    at_seconds: float
    operation: str


def most_rps(profile: Profile, run_seconds: float, changes: list[Change]) -> float:
    """The highest rate that a load can reach, in requests per second.

    Raises:
        InvalidTopologyError: more than 400,000 requests might come.
    """
    most = profile.most_rps() * max([1.0, *(change.factor for change in changes)])
    if most * run_seconds > MAX_REQUESTS:
        raise InvalidTopologyError(
            f"{most:g} requests/s for {run_seconds:g} s may be more than {MAX_REQUESTS} requests; lower one of them"
        )
    return most


def arrivals(
    profile: Profile, mix: dict[str, float], run_seconds: float, seed: int, changes: list[Change] | None = None
) -> list[Arrival]:
    """Poisson arrivals of a varying rate, by thinning; the same seed gives the same list.

    Source: Lewis and Shedler (1979), Simulation of nonhomogeneous Poisson processes by thinning.
    """
    changes = changes or []
    rng = random.Random(seed)
    most = most_rps(profile, run_seconds, changes)
    found: list[Arrival] = []
    at = 0.0
    while most > 0:
        at += rng.expovariate(most)
        if at >= run_seconds:
            break
        now = [change for change in changes if change.from_seconds <= at < change.to_seconds]
        rate = profile.rate(at, run_seconds) * math.prod(change.factor for change in now)
        weights = next((change.mix for change in reversed(now) if change.mix), mix)
        kept, operation = rng.random() * most < rate, rng.choices(list(weights), list(weights.values()))[0]
        if kept:
            found.append(Arrival(at, operation))
    return found
