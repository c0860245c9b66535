"""The order in which advice is told: what ends harm first, what asks for nothing last and folded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tracetune.domain.advice import Action, Advice, Confidence, Knob

_ORDER = (  # what ends harm that is done now, then what prevents it, then what saves, then what is needed to say more
    (Knob.ROLLBACK, Action.SET),
    (Knob.ROLLBACK, Action.KEEP),
    (Knob.OUTLIER_DETECTION, Action.SET),
    (Knob.RETRIES, Action.SET),
    (Knob.PLACEMENT, Action.SET),
    (Knob.CPU, Action.SET),
    (Knob.REPLICAS, Action.SET),
    (Knob.REPLICAS, Action.KEEP),
    (Knob.RETRY_BUDGET, Action.SET),
    (Knob.TIMEOUT, Action.SET),
    (Knob.CONNECTION_POOL, Action.SET),
    (Knob.CONCURRENCY_LIMIT, Action.SET),
    (Knob.MEMORY, Action.SET),
    (Knob.RETRIES, Action.KEEP),
    (Knob.SAMPLING, Action.SET),
    (Knob.INSTRUMENTATION, Action.SET),
    (Knob.CPU, Action.KEEP),
    (Knob.MEMORY, Action.KEEP),
    (Knob.REPLICAS, Action.CANNOT_SAY),
    (Knob.OUTLIER_DETECTION, Action.CANNOT_SAY),
    (Knob.TIMEOUT, Action.CANNOT_SAY),
    (Knob.CPU, Action.CANNOT_SAY),
)
_PLACES = {pair: place for place, pair in enumerate(_ORDER)}


def ordered(found: Iterable[Advice], in_trouble: Collection[str], weight: Mapping[str, float]) -> tuple[Advice, ...]:
    """The most useful first, each told whether it is minor.

    Args:
        found: all advice on one system.
        in_trouble: the services of its incidents.
        weight: the requests in flight of each service.
    """
    told = sorted(found, key=lambda advice: _usefulness(advice, in_trouble, weight))
    return tuple(replace(each, is_minor=_is_minor(each, in_trouble)) for each in told)


def _is_minor(advice: Advice, in_trouble: Collection[str]) -> bool:
    """What asks for nothing: to keep what is calm, and what cannot be said.

    Somebody is about to add replicas of what is in an incident, and of what is slow: to keep those is said aloud.
    """
    if advice.action is Action.CANNOT_SAY:
        return True
    if advice.action is not Action.KEEP or advice.knob not in {Knob.REPLICAS, Knob.CPU, Knob.MEMORY}:
        return False
    is_of_incident = advice.target_service in in_trouble and any("the incident" in each for each in advice.reasons)
    first = next(iter(advice.reasons), "")
    return not is_of_incident and not (first.startswith("More replicas of") and "(by way of" not in first)


def _usefulness(
    advice: Advice, in_trouble: Collection[str], weight: Mapping[str, float]
) -> tuple[bool, int, bool, bool, float, str, str]:
    """Sorts by what is folded, then by kind, low confidence last, what is in an incident, and requests in flight.

    Fewer replicas and smaller requests save something and end nothing: they come after all that prevents harm. Names settle
    ties.
    """
    is_calm = not {advice.target_service, advice.peer} & set(in_trouble)
    place = len(_ORDER) if _saves(advice) else _PLACES.get((advice.knob, advice.action), len(_ORDER))
    busy = weight.get(advice.target_service, 0.0)
    is_unsure = advice.action is Action.SET and advice.confidence is Confidence.LOW
    is_minor = _is_minor(advice, in_trouble)
    return (is_minor, place, is_unsure, is_calm, -busy, advice.target_service, advice.peer)


def _saves(advice: Advice) -> bool:
    is_less = advice.target is not None and advice.current is not None and advice.target < advice.current
    return advice.action is Action.SET and advice.knob in {Knob.REPLICAS, Knob.CPU, Knob.MEMORY} and is_less
