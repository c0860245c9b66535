"""What p99 each endpoint is to keep: as somebody said, else within twice what it is when nothing waits."""

from __future__ import annotations

from collections.abc import Mapping

from tracetune.errors import InvalidInput
from tracetune.tuning.advice.scaling import default_objectives
from tracetune.tuning.queues.model import Model


def seen_of(model: Model, wanted: Mapping[str, float]) -> tuple[dict[str, float], tuple[str, ...]]:
    """The objectives whose endpoints the model knows, and the names of the others.

    Args:
        model: of the queues.
        wanted: as for ``objectives_of``.
    """
    known = {name: seconds for name, seconds in wanted.items() if _places(model, name)}
    return known, tuple(name for name in wanted if name not in known)


def objectives_of(model: Model, wanted: Mapping[str, float]) -> dict[int, float]:
    """Seconds of p99 by endpoint; those that nobody named keep the default.

    Args:
        model: of the queues; its endpoints are what can be named.
        wanted: seconds by the operation that traces begin with, as "GET /checkout", or with its service before it.

    Raises:
        InvalidInput: no trace begins with such an operation; it names those there are.
    """
    found = default_objectives(model)
    for name, seconds in wanted.items():
        places = _places(model, name)
        if not places:
            there = ", ".join(f"{service} {operation}" for service, operation in model.endpoints[:12])
            raise InvalidInput(f"no trace begins with {name!r}, which has an objective", hint=f"there are: {there}")
        found.update(dict.fromkeys(places, seconds))
    return found


def _places(model: Model, name: str) -> list[int]:
    return [
        place
        for place, (service, operation) in enumerate(model.endpoints)
        if name in {operation, f"{service} {operation}"}
    ]
