"""Trying again, with a limit for each try, where traces show that the next call was mostly well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tracetune.domain import words
from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Station
from tracetune.tuning.advice.margins import round_up
from tracetune.tuning.queues.second_tries import SecondTry

HELPS = 0.5
"""A second try is worth its load when at least half of the next calls were well; the same as for retries that are seen."""

CLUSTERED = 3.0
"""Failures by chance at a ratio f are followed by one with chance f; where it is this many times that, they come in clusters,
as of a pause, and a second try meets the same."""

LEFT = 0.01
"""So few calls may still fail after all tries; a second retry is added only where one leaves more."""

MOST_RETRIES = 2
"""As many as Istio makes by default: more only multiply a failure."""

BUSIEST = 0.85
"""No callee is filled above this by what is tried again."""

LEAST_FAILED_SHARE = 0.02


def tries(
    seen: Iterable[SecondTry], stations: Iterable[Station], told: Collection[tuple[str, str]]
) -> Iterator[Advice]:
    """Retries with a timeout for each try, for connections on which nobody tries again yet.

    Args:
        seen: what the next calls met.
        stations: every service; one that the tries would fill gets none.
        told: connections with advice on retries already.
    """
    busy = {station.service_name: station.busy_share for station in stations}
    for each in seen:
        if (each.client, each.server) in told or each.failed < LEAST_FAILED_SHARE or _is_in_clusters(each):
            continue
        count = retries_of(each)
        if busy.get(each.server, 0.0) * (1 + count * each.failed) > BUSIEST:
            continue
        yield _advice(each, count)


def _is_in_clusters(seen: SecondTry) -> bool:
    return seen.recovered < max(HELPS, 1 - CLUSTERED * seen.failed)


def retries_of(seen: SecondTry) -> int:
    """How many: a second one only where one leaves more than one call in a hundred failed."""
    count = 1
    while count < MOST_RETRIES and left_after(seen, count) > LEFT:
        count += 1
    return count


def left_after(seen: SecondTry, count: int) -> float:
    """The share of calls that fail in spite of so many retries: f (1 - p)^n, of failures that come by chance."""
    return seen.failed * (1 - seen.recovered) ** count


def _advice(seen: SecondTry, count: int) -> Advice:
    per_try = round_up(seen.per_try_seconds)
    whole = round_up(per_try * (count + 1) + 0.05)
    times = "once" if count == 1 else "twice"
    failed, recovered = words.share(seen.failed), words.share(seen.recovered)
    added = sum(seen.failed * (1 - seen.recovered) ** attempt for attempt in range(count))
    return Advice(
        seen.client,
        seen.server,
        Knob.RETRIES,
        Action.SET,
        "retries",
        None,
        0.0,
        float(count),
        float(MOST_RETRIES),
        Confidence.MEDIUM if seen.calm_calls >= 1000 else Confidence.LOW,
        (
            f"Retry calls from {seen.client} to {seen.server} {times}, each try for at most {words.duration(per_try)}",
            f"{failed} of {words.count(seen.calls)} calls failed or hung in {seen.server} itself",
            f"{recovered} of the calls that came next after those were well: failures come one by one",
            f"{words.duration(per_try)} is at least twice what the slowest of {words.count(seen.calm_calls)} calm calls took",
        ),
        effect=(
            f"{words.share(left_after(seen, count))} of the calls still fail in place of {failed}, for "
            f"{words.share(added)} more calls"
        ),
        risk=(
            "a call that changes something is done twice: the route is for GET only, and others stay as they are; retry at "
            f"this layer only, and watch envoy_cluster_upstream_rq_retry of {seen.server}"
        ),
        details=(("perTryTimeout", per_try), ("timeout", whole)),
    )


def room_for_tries(advice: Iterable[Advice]) -> dict[tuple[str, str], float]:
    """For each connection on which calls are tried again, seconds for all tries together: no timeout may be shorter."""
    return {
        (each.target_service, each.peer): dict(each.details)["timeout"]
        for each in advice
        if each.knob is Knob.RETRIES and "timeout" in dict(each.details)
    }
