"""Who may have made an entry operation slower: own time, gaps between services, callers that multiply calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tracetune.causes import evidence
from tracetune.causes.case import Case
from tracetune.causes.compare import Decomposition, Part, service_spread
from tracetune.causes.evidence import Finding, Suspect, weighed
from tracetune.causes.gaps import GapChange, gap_changes, seconds_a_trace
from tracetune.causes.naming import operation
from tracetune.causes.traffic import error_ratios, more_calls
from tracetune.domain import words
from tracetune.domain.causes import CauseKind

LEAST_SHARE = 0.05
"""Who has less than a twentieth of the rise is no suspect."""


def suspects(case: Case, decomposition: Decomposition, others: tuple[Decomposition, ...]) -> Iterator[Suspect]:
    """Everyone with a part in the rise of a slower entry operation, in no order."""
    gaps = _gaps(case, decomposition)
    in_gaps: dict[str, float] = defaultdict(float)
    for gap, seconds in gaps:
        in_gaps[gap.client] += seconds
        yield _gap_suspect(case, decomposition, gap, seconds)
    for contribution in decomposition.contributions():
        service = contribution.service_name
        rise = decomposition.service_rise(service) - in_gaps[service]
        if rise >= LEAST_SHARE * decomposition.rise:
            yield _service_suspect(case, decomposition, others, service, rise)


def _gaps(case: Case, decomposition: Decomposition) -> Sequence[tuple[GapChange, float]]:
    """The gaps with their seconds a trace; those of one client together no more than its own rise."""
    found = [(gap, seconds_a_trace(gap, decomposition)) for gap in gap_changes(case)]
    of_client: dict[str, float] = defaultdict(float)
    for gap, seconds in found:
        of_client[gap.client] += seconds
    fitted = []
    for gap, seconds in found:
        rise = decomposition.service_rise(gap.client)
        if seconds >= LEAST_SHARE * decomposition.rise:
            fitted.append((gap, seconds * min(1.0, rise / of_client[gap.client])))
    return fitted


def _service_suspect(
    case: Case, decomposition: Decomposition, others: tuple[Decomposition, ...], service: str, rise: float
) -> Suspect:
    parts = [part for part in decomposition.parts if part.key.service_name == service]
    by_count = sum(min(max(part.rise_by_count, 0.0), max(part.rise, 0.0)) for part in parts)
    if by_count >= 0.5 * rise:
        multiplied = _multiplied(case, decomposition, service, rise)
        if multiplied:
            return multiplied
    worst = max(parts, key=lambda part: part.rise)
    return _own_time(case, decomposition, others, worst, rise)


def _own_time(
    case: Case, decomposition: Decomposition, others: tuple[Decomposition, ...], worst: Part, rise: float
) -> Suspect:
    service = worst.key.service_name
    change, release = evidence.release_before(case, service)
    instance, _ = evidence.one_of_several(case, service)
    findings = (
        _rise(case, decomposition, service, rise),
        evidence.order_of_onset(case, service),
        change,
        instance,
        evidence.waiting_or_working(case, service),
        evidence.other_entries(decomposition, others, service),
    )
    rate, _ = evidence.request_rate(case, decomposition.entry)
    return weighed(
        Suspect(service, worst.key.span_name, CauseKind.OWN_TIME, rise / decomposition.rise, (), (), release=release),
        (*findings, Finding(1.0, against=rate.against or rate.evidence)),
    )


def _rise(case: Case, decomposition: Decomposition, service: str, rise: float) -> Finding:
    """The first sentence of a service: its own time, usually and now, and its share; less sure within usual movement."""
    part = next(each for each in decomposition.contributions() if each.service_name == service)
    usual_spread = service_spread(case, decomposition.entry, service)
    said = (
        f"its own time on the critical path of {operation(decomposition.entry)} is "
        f"{words.duration(part.now_seconds)} a request, usually {words.duration(part.usual_seconds)} "
        f"(±{words.duration(usual_spread)}): {words.of_the_rise(rise / decomposition.rise, rise)}"
    )
    return Finding(min(1.0, rise / usual_spread / 3), evidence=said)


def _gap_suspect(case: Case, decomposition: Decomposition, gap: GapChange, seconds: float) -> Suspect:
    share = seconds / decomposition.rise
    side = (
        f"{gap.server} sends no spans, so its own time is part of it"
        if gap.is_silent
        else f"the spans of {gap.server} do not account for it"
    )
    grew = Finding(
        min(1.0, gap.spreads / 3),
        evidence=f"the time between {gap.client} and {gap.server} is {words.duration(gap.now_seconds)} a call, "
        f"usually {words.duration(gap.usual_seconds)}: {words.of_the_rise(share, seconds)}; {side}",
    )
    between = (
        f"calls from {gap.client} to {gap.server}"
        if gap.is_silent
        else f"the connection between {gap.client} and {gap.server}"
    )
    rate, _ = evidence.request_rate(case, decomposition.entry)
    return weighed(
        Suspect(gap.server, gap.span_name, CauseKind.GAP, share, (), (), between=between),
        (grew, _other_callers(case, gap), Finding(1.0, against=rate.against or rate.evidence)),
    )


def _other_callers(case: Case, gap: GapChange) -> Finding:
    """Whether other callers of the same server wait longer as well: then it lies at the server's end."""
    clients = sorted(case.graph.callers().get(gap.server, frozenset()) - {gap.client})
    if not clients:
        return Finding(1.0)
    hurt = {each.client for each in gap_changes(case) if each.server == gap.server}
    also = [client for client in clients if client in hurt]
    if also:
        return Finding(1.1, evidence=f"{', '.join(also[:3])} waits longer for {gap.server} too: it is at that end")
    return Finding(
        1.0, against=f"{', '.join(clients[:3])} reaches {gap.server} as quickly as usual: only this way is slow"
    )


def _multiplied(case: Case, decomposition: Decomposition, service: str, rise: float) -> Suspect | None:
    """Who is behind more calls a request: the service, where its errors make callers retry, else the caller."""
    more = more_calls(case, service)
    if more is None:
        return None
    said = (
        f"{more.client} sends {more.now_per_call / more.usual_per_call:.1f} calls to {more.server} where one was usual"
    )
    usual, now = error_ratios(case, more.server)
    share = rise / decomposition.rise
    calm = Finding(1.0, against=f"each call of {service} takes about as long as usual")
    part = Finding(1.0, evidence=f"more calls of {service} a request are {words.of_the_rise(share, rise)}")
    if now - usual >= 0.01 and now >= 2 * usual:
        retried = f"{words.share(now)} of {more.server}'s calls fail, usually {words.share(usual)}: they are retried"
        return weighed(
            Suspect(more.server, "", CauseKind.ERRORS, share, (), ()),
            (Finding(1.0, evidence=retried), Finding(1.0, evidence=said), part, calm),
        )
    change, release = evidence.release_before(case, more.client)
    return weighed(
        Suspect(more.client, "", CauseKind.OWN_TIME, share, (), (), release=release),
        (Finding(1.0, evidence=said), part, change, calm),
    )
