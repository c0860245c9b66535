"""What the spans should say more, so that tuning can be advised and releases recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.demand import Demand

POD = "k8s.pod.name"
VERSION = "service.version"


def instrumentation(demands: Iterable[Demand]) -> Iterator[Advice]:
    """One advice for each attribute that spans lack, with the services that lack it and what it would unlock.

    The target is the service, or how many services there are; the unit is the attribute.
    """
    known = tuple(demands)
    unnamed = sorted(each.service_name for each in known if each.median_replicas is None)
    unversioned = sorted(each.service_name for each in known if not each.names_versions)
    if unnamed:
        unlocks = "without it (or service.instance.id) nobody can count replicas"
        yield _missing(POD, "the pod", unnamed, unlocks)
    if unversioned:
        unlocks = "without it a release cannot be recognised as a cause"
        yield _missing(VERSION, "the version", unversioned, unlocks)


def _missing(attribute: str, what: str, services: list[str], unlocks: str) -> Advice:
    group = words.number_of(len(services), "service")
    verb = "does" if len(services) == 1 else "do"
    return Advice(
        services[0] if len(services) == 1 else group,
        "",
        Knob.INSTRUMENTATION,
        Action.SET,
        attribute,
        None,
        None,
        None,
        None,
        Confidence.HIGH,
        (
            f"{group} {verb} not say {what}: set {attribute} on the resource",
            unlocks,
            f"missing in {', '.join(services)}",
        ),
    )
