"""What would happen at another load or with other replicas, from the queues of a snapshot's calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracetune import pipeline
from tracetune.api.services import unknown_service
from tracetune.api.snapshots import Shown
from tracetune.domain.whatif import Ask, WhatIf
from tracetune.errors import InvalidInput, NotEnoughData


def what_if(shown: Shown, ask: Ask, *, simulated: bool) -> WhatIf:
    """The answer: screened (quick, from a few short runs), or simulated with intervals.

    The queues are those that the server found last; of files, they are found when first asked for.

    Raises:
        NotEnoughData: the snapshot holds minutes only, no whole calls.
        NotFound: a service that the traces do not know.
    """
    for name in (*ask.replicas, *ask.demand):
        if name not in shown.analysis.graph.services:
            raise unknown_service(shown, name)
    analysis = shown.analysis
    model = shown.snapshot.model or shown.remembered(
        ("queues",),
        lambda: pipeline.queues(analysis.ingested, analysis.learned, analysis.incidents, analysis.rankings),
    )
    if model is None:
        raise NotEnoughData(
            "no whole calls are at hand, only minutes, so queues cannot be found",
            hint="a server knows them some minutes after its start; 'tracetune whatif FILE...' answers from trace files",
        )
    key = ("whatif", ask.load, tuple(sorted(ask.replicas.items())), tuple(sorted(ask.demand.items())), simulated)
    return shown.remembered(key, lambda: pipeline.what_if(model, ask, is_screened=not simulated))


def pairs(given: Sequence[str], name: str) -> Mapping[str, float]:
    """Numbers by service, of SERVICE=NUMBER.

    Raises:
        InvalidInput: one of them is not of that form, or not above 0.

    >>> pairs(["payments=3"], "replicas")
    {'payments': 3.0}
    """
    found = {}
    for each in given:
        service, _, text = each.rpartition("=")
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if not service or not 0 < number < 1e6:
            raise InvalidInput(f"{name} is {each!r}", hint=f"give {name}=SERVICE=NUMBER, as {name}=payments=3")
        found[service] = number
    return found
