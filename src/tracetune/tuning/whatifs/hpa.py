"""Kubernetes' Horizontal Pod Autoscaler as it decides: tolerance, stabilisation windows and policies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

SYNC_SECONDS = 15.0
"""The controller looks every 15 seconds (``--horizontal-pod-autoscaler-sync-period``)."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The settings of one autoscaler; the defaults are those of autoscaling/v2.

    Attributes:
        target: of the metric, per replica.
        tolerance: no change while the metric is within this share of its target.
        up_window_seconds, down_window_seconds: the most careful recommendation of so long counts.
        up_share, up_pods: at most so much more in ``period_seconds``, whichever is more.
        down_share: at most this share less in ``period_seconds``.
    """

    target: float = 0.8
    least: int = 1
    most: int = 1000
    tolerance: float = 0.1
    up_window_seconds: float = 0.0
    down_window_seconds: float = 300.0
    up_share: float = 1.0
    up_pods: int = 4
    down_share: float = 1.0
    period_seconds: float = 15.0


@dataclass
class Autoscaler:
    """One autoscaler over time; it remembers what it recommended and what it changed.

    Source: kubernetes.io, "Horizontal Pod Autoscaling", Algorithm details and Configurable scaling behavior; KEP-853.
    """

    behaviour: Behaviour
    _recommended: list[tuple[float, int]] = field(default_factory=list)
    _changed: list[tuple[float, int]] = field(default_factory=list)

    def step(self, now_seconds: float, replicas: int, metric: float) -> int:
        """The replicas from now on, given how many there are and the metric per replica (its mean over them)."""
        rule = self.behaviour
        ratio = metric / rule.target
        wanted = replicas if abs(ratio - 1) <= rule.tolerance else math.ceil(replicas * ratio - 1e-9)
        wanted = min(max(wanted, rule.least), rule.most)
        longest = max(rule.up_window_seconds, rule.down_window_seconds)
        self._recommended = [each for each in self._recommended if each[0] > now_seconds - longest]
        self._recommended.append((now_seconds, wanted))
        stable = self._stabilised(now_seconds, replicas)
        allowed = self._limited(now_seconds, replicas, stable)
        if allowed != replicas:
            self._changed.append((now_seconds, allowed - replicas))
        return allowed

    def _stabilised(self, now: float, replicas: int) -> int:
        rule = self.behaviour
        up = min(count for at, count in self._recommended if at >= now - rule.up_window_seconds)
        down = max(count for at, count in self._recommended if at > now - rule.down_window_seconds)
        return max(replicas, up) if up > replicas else min(replicas, down)

    def _limited(self, now: float, replicas: int, wanted: int) -> int:
        rule = self.behaviour
        self._changed = [each for each in self._changed if each[0] > now - rule.period_seconds]
        added = sum(change for _, change in self._changed if change > 0)
        removed = -sum(change for _, change in self._changed if change < 0)
        if wanted > replicas:
            begun = replicas - added
            limit = max(math.ceil(begun * (1 + rule.up_share)), begun + rule.up_pods)
            return max(replicas, min(wanted, limit))
        begun = replicas + removed
        return min(replicas, max(wanted, math.floor(begun * (1 - rule.down_share))))
