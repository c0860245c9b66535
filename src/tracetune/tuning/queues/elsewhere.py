"""Services that more replicas would not help, because their slow calls wait elsewhere: in another service, or on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Station, Status
from tracetune.tuning.queues.slow_calls import ITSELF, ON_THE_WAY, Excess

ELSEWHERE = 0.6
"""Of what slow calls take beyond the usual ones, so much must be elsewhere."""

OWN_QUEUE = 0.2
"""Where the service has a queue that was identified, no more than this may be in itself: its replicas do shorten that."""

_ONE_PLACE = 0.5
_MOST_PLACES = 3


def elsewhere(stations: Sequence[Station], excesses: Mapping[int, Excess]) -> dict[str, str]:
    """For each service whose slow calls wait elsewhere, a sentence that says so, by its name.

    Nothing is said of a service whose own time explains its slow calls, nor where the time on the way rises with load:
    calls may then queue for the service before its span begins.

    Args:
        stations: every service.
        excesses: of the same services, by their place in ``stations``.
    """
    found = {}
    for service, excess in excesses.items():
        if _waits_elsewhere(stations[service], excess):
            found[stations[service].service_name] = _said(service, stations, excesses)
    return found


def _waits_elsewhere(station: Station, excess: Excess) -> bool:
    if station.status is Status.EXTERNAL or station.status is Status.SHARED or excess.total <= 0:
        return False
    if excess.largest()[0] == ON_THE_WAY and excess.way_is_queue:
        return False
    own = excess.itself / excess.total
    return own < OWN_QUEUE if station.status is Status.IDENTIFIED else own < 1 - ELSEWHERE


def _said(service: int, stations: Sequence[Station], excesses: Mapping[int, Excess]) -> str:
    excess = excesses[service]
    name = stations[service].service_name
    ways = list(_places(name, stations, excess))
    where = ", ".join(f"{words.share(share)} {said}" for said, share in ways)
    _, share = excess.largest()
    final = _followed(service, stations, excesses) if share >= _ONE_PLACE else _listed([said for said, _ in ways])
    return (
        f"More replicas of {name} will not help, because the wait is {final}: "
        f"its slowest tenth of calls takes {words.duration(excess.total)} longer than the usual ones, {where}"
    )


def _places(name: str, stations: Sequence[Station], excess: Excess) -> Iterator[tuple[str, float]]:
    """Where the time goes, in words, with its share; the largest first, without the service itself."""
    seconds = {ON_THE_WAY: excess.way, **excess.in_callee}
    for place in sorted(seconds, key=seconds.__getitem__, reverse=True)[:_MOST_PLACES]:
        share = seconds[place] / excess.total
        if share > 0.05:
            yield (f"on the way to {name}" if place == ON_THE_WAY else f"in {stations[place].service_name}", share)


def _followed(service: int, stations: Sequence[Station], excesses: Mapping[int, Excess]) -> str:
    """The place at the end: a callee may wait for another one itself."""
    passed: list[str] = []
    seen = {service}
    while True:
        place, share = excesses[service].largest() if service in excesses else (ITSELF, 1.0)
        if place == ON_THE_WAY and share >= _ONE_PLACE and not excesses[service].way_is_queue:
            return f"on the way to {stations[service].service_name}"
        if place < 0 or share < _ONE_PLACE or place in seen:
            break
        passed.append(stations[place].service_name)
        seen.add(place)
        service = place
    *between, last = passed
    return f"in {last} (by way of {', '.join(between)})" if between else f"in {last}"


def _listed(said: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(said[:-1]), said[-1]))) if said else "elsewhere"


def with_elsewhere(advice: Advice, said: Mapping[str, str], stations: Sequence[Station]) -> Advice:
    """Advice on replicas with that sentence in it, where it asks for no more of them.

    Where nothing could be said of their number, they are to be kept: more would not help.
    """
    sentence = said.get(advice.target_service)
    if sentence is None or advice.knob is not Knob.REPLICAS or advice.action is Action.SET:
        return advice
    if advice.action is Action.KEEP:
        return replace(advice, reasons=(advice.reasons[0], sentence, *advice.reasons[1:]))
    station = next((each for each in stations if each.service_name == advice.target_service), None)
    if station is None or station.replicas == 0:
        return advice
    count = float(station.replicas)
    return replace(
        advice,
        action=Action.KEEP,
        current=count,
        lower=count,
        target=count,
        upper=count,
        confidence=Confidence.LOW,
        reasons=(sentence, *advice.reasons),
        unlock="",
    )
