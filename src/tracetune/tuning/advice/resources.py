"""CPU and memory of pods: where CPU is the limit, what to ask for, and what CPU says about replicas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.usage import PodUsage
from tracetune.domain.whatif import Discipline, Station, Status
from tracetune.tuning.advice.margins import round_up

NEAR = 0.9
"""CPU is the limit where a pod uses this much of what it may use (95th percentile of the time of the traces),"""

THROTTLED = 0.25
"""or where it was stopped in so many periods of its quota: the level of Kubernetes' own alert CPUThrottlingHigh."""

IDLE = 0.5
"""Below this much of its limit (or request) CPU cannot be what a full service waits for."""

OVER = 0.15
"""On top of what was used; the safety margin of the Vertical Pod Autoscaler's recommender."""

LEAST_CORES, LEAST_MEBIBYTES = 0.025, 64.0
LEAST_HOURS = 3.0
"""With less history no request is set, as in KRR: the peak of the day was hardly in it."""

RAISED = 2.0
"""The first step where a limit is met: how much more is wanted cannot be seen from below it."""

_MEBI = 2.0**20


@dataclass(frozen=True, slots=True)
class _Used:
    """The pods of one service as one: each value is that of the pod with the most; NaN where no pod tells."""

    service: str
    pods: int
    hours: float
    cpu_p50: float
    cpu_p90: float
    cpu_p95: float
    during: float
    throttled: float
    memory: float
    cpu_request: float
    cpu_limit: float
    memory_request: float
    memory_limit: float

    @property
    def cpu_is_limit(self) -> bool:
        return self.throttled >= THROTTLED or self.during >= NEAR * self.cpu_limit


def resources(used: Mapping[str, Sequence[PodUsage]]) -> Iterator[Advice]:
    """What the pods of each service should ask for: CPU and memory, in the form of the Vertical Pod Autoscaler.

    Target is what was used with 15 % on top (90th percentile of CPU, peak of memory); the bounds are wider after little history,
    and a request between them is kept. Where CPU is the limit, the limit is what to change first.

    Args:
        used: the pods of each service.

    Source: Kubernetes Autoscaler, VPA recommender: percentiles 50, 90 and 95; bounds times 1 + 1/days above and
    (1 + 0.001/days)^-2 below. KRR for memory and the least history.
    """
    for service, pods in sorted(used.items()):
        one = _as_one(service, pods)
        if one.cpu_is_limit:
            yield _limited(one)
        elif one.hours >= LEAST_HOURS and math.isfinite(one.cpu_p90):
            yield _cpu(one)
        if one.hours >= LEAST_HOURS and math.isfinite(one.memory):
            yield _memory(one)
    short = sorted(service for service, pods in used.items() if _as_one(service, pods).hours < LEAST_HOURS)
    if short:
        yield _too_short(short, max(_as_one(service, used[service]).hours for service in short))


def with_cpu(advice: Advice, used: Mapping[str, Sequence[PodUsage]], stations: Sequence[Station]) -> Advice:
    """Advice on replicas with what CPU says for it or against it; others as they are."""
    if advice.knob is not Knob.REPLICAS or advice.target_service not in used:
        return advice
    one = _as_one(advice.target_service, used[advice.target_service])
    station = next((each for each in stations if each.service_name == advice.target_service), None)
    said = _evidence(one, station)
    return replace(advice, reasons=(*advice.reasons, said)) if said else advice


def _evidence(one: _Used, station: Station | None) -> str:
    if one.cpu_is_limit:
        return f"CPU is the limit: {_limit_seen(one)}; a higher limit helps as more replicas do"
    allowed = one.cpu_limit if math.isfinite(one.cpu_limit) else one.cpu_request
    if not math.isfinite(allowed) or not math.isfinite(one.during):
        return ""
    share = words.share(one.during / allowed)
    of = "limit" if math.isfinite(one.cpu_limit) else "request"
    counts_slots = station is not None and station.status is Status.IDENTIFIED
    if (
        counts_slots
        and station is not None
        and station.discipline is not Discipline.SHARING
        and one.during < IDLE * allowed
    ):
        return f"CPU is not what it is short of ({share} of its {of}): an autoscaler that follows CPU would not see it full"
    return f"CPU: {words.number_of(one.pods, 'pod')}, the busiest uses {share} of its {of}"


def _as_one(service: str, pods: Sequence[PodUsage]) -> _Used:
    def most(name: str) -> float:
        values = np.array([getattr(pod, name) for pod in pods])
        return float(np.nanmax(values)) if np.isfinite(values).any() else math.nan

    return _Used(
        service,
        len(pods),
        most("hours"),
        most("cpu_p50_cores"),
        most("cpu_p90_cores"),
        most("cpu_p95_cores"),
        most("cpu_during_cores"),
        most("throttled_share"),
        most("memory_peak_bytes"),
        most("cpu_request_cores"),
        most("cpu_limit_cores"),
        most("memory_request_bytes"),
        most("memory_limit_bytes"),
    )


def _limit_seen(one: _Used) -> str:
    found = []
    if math.isfinite(one.cpu_limit):
        found.append(f"the busiest pod uses {words.cores(one.during)} of {words.cores(one.cpu_limit)} cores")
    if one.throttled >= THROTTLED:
        found.append(f"it was stopped in {words.share(one.throttled)} of the periods of its quota")
    return " and ".join(found)


def _limited(one: _Used) -> Advice:
    now = one.cpu_limit if math.isfinite(one.cpu_limit) else one.during
    target = round_up(RAISED * now)
    return Advice(
        one.service,
        "",
        Knob.CPU,
        Action.SET,
        "cores",
        now,
        round_up((1 + OVER) * now),
        target,
        round_up(2 * RAISED * now),
        Confidence.MEDIUM,
        (
            f"CPU is the limit of {one.service}: raise it from {words.cores(now)} to {words.cores(target)} cores a pod",
            f"{_limit_seen(one)} while the traces were made",
            "how much more it would use cannot be seen from below the limit: double it, and look again",
        ),
        effect="its own time no longer rises with load by being stopped; its replicas are judged anew after that",
        risk="a pod that asks for more may find no node with room for it; watch container_cpu_cfs_throttled_periods_total",
        details=(("limit", target),),
    )


def _cpu(one: _Used) -> Advice:
    lower, target, upper = _bounds(one.cpu_p50, one.cpu_p90, one.cpu_p95, one.hours, LEAST_CORES)
    over = words.length(60 * one.hours)
    p90, p95 = words.cores(one.cpu_p90), words.cores(one.cpu_p95)
    reasons = (f"its busiest pod uses {p90} cores at the 90th percentile of {over}, {p95} at the 95th",)
    risk = (
        "less is left for others on the node"
        if not one.cpu_request > target
        else "a burst gets less where the node is full"
    )
    return _request(
        one,
        Knob.CPU,
        "cores",
        (one.cpu_request, lower, target, upper),
        (words.cores(one.cpu_request), words.cores(target)),
        reasons,
        risk,
    )


def _memory(one: _Used) -> Advice:
    peak = one.memory / _MEBI
    lower, target, upper = _bounds(peak, peak, peak, one.hours, LEAST_MEBIBYTES)
    current = one.memory_request / _MEBI
    reasons = (f"its largest pod used {words.count(peak)} MiB at most in {words.length(60 * one.hours)}",)
    risk = "a pod that needs more than its limit is killed: keep the limit at the request or above"
    return _request(
        one,
        Knob.MEMORY,
        "MiB",
        (current, lower, target, upper),
        (words.count(current), words.count(target)),
        reasons,
        risk,
    )


def _bounds(low: float, middle: float, high: float, hours: float, least: float) -> tuple[float, float, float]:
    days = max(hours / 24, 1 / 24)
    target = max(round_up((1 + OVER) * middle), least)
    lower = max((1 + OVER) * low * (1 + 0.001 / days) ** -2, least)
    return min(lower, target), target, max(target, round_up((1 + OVER) * high * (1 + 1 / days)))


def _request(  # noqa: PLR0913, PLR0917 - one answer in all its parts
    one: _Used,
    knob: Knob,
    unit: str,
    values: tuple[float, float, float, float],
    shown: tuple[str, str],
    reasons: tuple[str, ...],
    risk: str,
) -> Advice:
    current, lower, target, upper = values
    what = "CPU" if knob is Knob.CPU else "memory"
    known = math.isfinite(current)
    is_kept = known and lower <= current <= upper
    if is_kept:
        said = f"Keep the {what} request of {one.service} at {shown[0]} {unit}"
    else:
        now = f"now {shown[0]}" if known else "now none"
        said = f"Ask for {shown[1]} {unit} of {what} a pod of {one.service}, {now}"
    return Advice(
        one.service,
        "",
        knob,
        Action.KEEP if is_kept else Action.SET,
        unit,
        current if known else None,
        lower,
        current if is_kept else target,
        upper,
        Confidence.HIGH if one.hours >= 24 else Confidence.MEDIUM,
        (said, *reasons),
        effect="" if is_kept else _effect(one, knob, current, target),
        risk="" if is_kept else risk,
    )


def _effect(one: _Used, knob: Knob, current: float, target: float) -> str:
    if not math.isfinite(current):
        return "the scheduler knows what a pod needs, and places it where there is room"
    saved = (current - target) * one.pods
    what = f"{words.cores(abs(saved))} cores" if knob is Knob.CPU else f"{words.count(abs(saved))} MiB"
    of = f"its {words.number_of(one.pods, 'pod')}"
    return f"{of} ask for {what} less" if saved > 0 else f"{of} ask for {what} more, which they use already"


def _too_short(services: Sequence[str], hours: float) -> Advice:
    name = services[0] if len(services) == 1 else words.number_of(len(services), "service")
    said = f"{words.length(60 * hours)} of CPU and memory are too little to set requests by"
    nothing = (None, None, None, None)
    return Advice(
        name,
        "",
        Knob.CPU,
        Action.CANNOT_SAY,
        "cores",
        *nothing,
        Confidence.LOW,
        (said,),
        f"{LEAST_HOURS:.0f} hours of container metrics in Prometheus",
    )
