"""How to tune a service: what to set, within which bounds, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Knob(StrEnum):
    """What can be turned."""

    REPLICAS = "replicas"
    TIMEOUT = "timeout"
    RETRIES = "retries"
    RETRY_BUDGET = "retry_budget"
    CONNECTION_POOL = "connection_pool"
    OUTLIER_DETECTION = "outlier_detection"
    CONCURRENCY_LIMIT = "concurrency_limit"
    CPU = "cpu"
    MEMORY = "memory"
    PLACEMENT = "placement"
    SAMPLING = "sampling"
    ROLLBACK = "rollback"
    INSTRUMENTATION = "instrumentation"


class Action(StrEnum):
    """What to do with the knob; keeping it and not knowing are answers too."""

    SET = "set"
    KEEP = "keep"
    CANNOT_SAY = "cannot_say"


class Confidence(StrEnum):
    """How well the evidence carries the advice."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommendation.

    Attributes:
        target_service: the service the knob belongs to; "12 services" where one advice is for several.
        peer: the callee for knobs of a connection (timeout, retries, pool), else "".
        unit: of current, lower, target and upper: ``replicas``, ``s``, ``retries``, ``connections``, ``requests``,
            ``errors in a row``, ``%``, ``cores`` and ``MiB`` of a pod; for ROLLBACK the version to leave, for
            INSTRUMENTATION the attribute to set, for PLACEMENT the node.
        current, lower, target, upper: None where unknown or without meaning; lower <= target <= upper.
        reasons: sentences with numbers, the strongest first.
        unlock: what would allow an answer, where the action is CANNOT_SAY, else "".
        effect: what is expected of it, a sentence with numbers; "" where nothing was estimated.
        risk: what may go wrong with it, and how to notice; "" where nothing can.
        details: further values that belong to the knob, by the name that Kubernetes or Istio gives them.
        is_minor: nothing to do and nothing that anybody would do wrong without it; surfaces fold it.
        soon: replicas that carry the load of the next minutes, for an autoscaler to follow, where ``target`` is for a
            number that stays; None for other knobs, and where nothing can be said.
    """

    target_service: str
    peer: str
    knob: Knob
    action: Action
    unit: str
    current: float | None
    lower: float | None
    target: float | None
    upper: float | None
    confidence: Confidence
    reasons: tuple[str, ...]
    unlock: str = ""
    effect: str = ""
    risk: str = ""
    details: tuple[tuple[str, float], ...] = ()
    is_minor: bool = False
    soon: float | None = None


def to_follow(advice: Advice) -> float | None:
    """Replicas for an autoscaler to follow; None for other knobs, and where nothing can be said.

    Where the next minutes are not known, or no number of replicas changes anything, what is advised to stay.
    """
    if advice.knob is not Knob.REPLICAS or advice.action is Action.CANNOT_SAY:
        return None
    return advice.soon if advice.soon is not None else advice.target


def foremost(all_advice: Sequence[Advice]) -> Advice | None:
    """The one to say first: on replicas, where there is some, those to change before those to keep; else the most useful.

    Of those to change, first one of which nothing says that more will not help.
    """
    order = {Action.SET: 0, Action.KEEP: 1, Action.CANNOT_SAY: 2}
    replicas = [each for each in all_advice if each.knob is Knob.REPLICAS]
    first = min(replicas, key=lambda each: (order[each.action], _is_doubted(each)), default=None)
    return first or next(iter(all_advice), None)


def _is_doubted(advice: Advice) -> bool:
    return advice.action is Action.SET and any("does not end the incident" in reason for reason in advice.reasons)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What is known of a service's use of its replicas, over the minutes seen.

    Attributes:
        replicas: instances seen in ten minutes, the median of such blocks (quiet minutes miss some); None where spans name none.
        calls_per_second: at the busiest minute's load (95th percentile of minutes).
        busy_mean, busy_peak: requests in flight over all instances (mean, 95th percentile of minutes).
        concurrency_peak: most requests ever in flight in one instance.
        forecast_calls_per_second: 90th percentile of the forecast load over the horizon; NaN where there is none.
        soon_calls_per_second: of the next minutes; NaN where nothing was seen lately.
    """

    service_name: str
    replicas: float | None
    calls_per_second: float
    busy_mean: float
    busy_peak: float
    concurrency_peak: int
    forecast_calls_per_second: float
    soon_calls_per_second: float = math.nan
