"""What the spans should say more, so that tuning can be advised and releases recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.demand import Demand


def instrumentation(demands: Iterable[Demand]) -> Iterator[Advice]:
    """One advice for each service whose spans name no instance or no version, with what each would unlock."""
    for demand in demands:
        missing = []
        if demand.median_replicas is None:
            missing.append("k8s.pod.name (or service.instance.id): without it nobody can count replicas")
        if not demand.names_versions:
            missing.append("service.version: without it a release cannot be recognised as a cause")
        if missing:
            yield Advice(
                demand.service_name,
                "",
                Knob.INSTRUMENTATION,
                Action.SET,
                "",
                None,
                None,
                None,
                None,
                Confidence.HIGH,
                (f"let the spans of {demand.service_name} say more about their resource", *missing),
            )
