"""The causes of one incident in order, with a headline: all evidence weighed together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tracetune.causes.case import LEAST_MINUTES, Case, usual_and_now
from tracetune.causes.compare import Decomposition, decompose
from tracetune.causes.errors import error_suspects
from tracetune.causes.evidence import Suspect
from tracetune.causes.failures import worst_entry
from tracetune.causes.headlines import headline
from tracetune.causes.load import load
from tracetune.causes.naming import operation
from tracetune.causes.own_time import own_time_suspects
from tracetune.causes.surge import EXPLAINS, load_suspect, surge
from tracetune.causes.suspects import suspects
from tracetune.causes.traffic import MixShift, mix_shift
from tracetune.domain import words
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import AnomalyKind, Incident
from tracetune.domain.causes import Cause, CauseKind, CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesKey

DOUBT = 0.1
"""Weight that no suspect has: what traces cannot show. It keeps a lone suspect below certainty."""

MOST_CAUSES = 5

FEW_TRACES = 30
FEW_MINUTES = 2
CAP_FOR_FEW = 0.6
"""However clear the arithmetic, two minutes or thirty traces may be chance."""


def rank(
    incident: Incident, minutes: MinuteBatch, learned: Learned, graph: ServiceGraph, others: Sequence[Incident] = ()
) -> CauseRanking:
    """The likeliest causes of an incident, from minute tables alone.

    The entry operation (where users come in) with the largest total rise that passes through the incident is taken apart
    by own time on the critical path, the minutes before against the minutes of the incident; the parts sum to its rise.
    Each part is a suspect; the evidence multiplies its weight; the weights, with some doubt added, are shared out to one.
    A confidence is thus a share of the explanation, capped where data are few; it is no measured probability.

    Args:
        incident: what to explain.
        minutes: the tables, with at least some minutes before the incident.
        learned: the series and, where there is one, the forecast of the calls, which says how much load was expected.
        graph: who calls whom.
        others: all incidents known; their minutes are never taken as usual.
    """
    usual, now = usual_and_now(incident, learned.series, [each for each in others if each.id != incident.id])
    case = Case(incident, minutes, learned, graph, usual, now)
    if not case.is_comparable:
        few = f"only {len(usual)} minutes around it are usual; {LEAST_MINUTES} are needed to compare with"
        return _unknown(case, None, few)
    if incident.kind is AnomalyKind.ERRORS:
        ranking = _of_errors(case)
        return ranking or _of_slowness(case)
    if incident.kind is AnomalyKind.DROP:
        return _of_drop(case)
    return _of_slowness(case)


def _of_errors(case: Case) -> CauseRanking | None:
    entry = worst_entry(case)
    found = list(error_suspects(case, entry))
    if not found:
        return None
    decompositions = {each.entry: each for each in decompose(case)}
    return _ranking(case, found, entry, decompositions.get(entry) if entry else None)


def _of_slowness(case: Case) -> CauseRanking:
    decompositions = decompose(case)
    slower = [each for each in decompositions if each.is_slower and _passes(each, case.incident)]
    if not slower:
        return _of_no_slower_entry(case, decompositions)
    worst = max(slower, key=lambda each: each.rise * each.now_traces)
    found = list(suspects(case, worst, decompositions))
    surged = surge(case, worst, decompositions)
    if surged:
        by_load = load_suspect(case, worst, surged, found)
        if by_load.weight >= EXPLAINS:
            found = [replace(suspect, weight=0.25 * suspect.weight) for suspect in found]
        found.append(by_load)
    if not found:
        return _unknown(case, worst, "its rise is spread over parts of which none grew clearly")
    return _ranking(case, found, worst.entry, worst)


def _of_no_slower_entry(case: Case, decompositions: Sequence[Decomposition]) -> CauseRanking:
    found = list(own_time_suspects(case))
    if found:
        return _ranking(case, found, None, None)
    failing = _of_errors(case) if case.incident.kind is not AnomalyKind.ERRORS else None
    if failing:
        return failing
    passing = [each for each in decompositions if _passes(each, case.incident)]
    entry = max(passing, key=lambda each: each.now_traces, default=None)
    surged = _surged_entry(case)
    if surged:
        return _ranking(case, [surged], entry.entry if entry else None, entry)
    shift = mix_shift(decompositions)
    if shift:
        return _unknown(case, entry, _of_shift(shift), "What users ask for changed; no operation is slower by itself")
    return _unknown(case, entry, _why_nobody(decompositions))


def _surged_entry(case: Case) -> Suspect | None:
    """The operation whose traffic rose most, where users began it; a surge that slowed nothing down."""
    series = case.learned.series
    found = []
    for anomaly in case.incident.anomalies:
        if anomaly.kind not in {AnomalyKind.SURGE, AnomalyKind.LOAD} or anomaly.key not in series.keys:
            continue
        traffic = load(case, (anomaly.key,))
        if traffic and traffic.is_surge and series.root_share[series.keys.index(anomaly.key)] > 0.5:
            found.append((traffic.ratio, anomaly.key, traffic))
    if not found:
        return None
    _, key, traffic = max(found, key=lambda each: each[0])
    said = (
        f"traffic to {key} is {traffic.factor}: "
        f"{' against '.join(words.rates(traffic.now / 60, traffic.expected / 60))} {traffic.source}"
    )
    calm = "no entry operation became slower with it"
    return Suspect(key.service_name, key.span_name, CauseKind.LOAD, 1.0, (said,), (calm,), factor=traffic.factor)


def _of_drop(case: Case) -> CauseRanking:
    failing = _of_errors(case)
    if failing:
        return failing
    traffic = load(case, tuple(anomaly.key for anomaly in case.incident.anomalies))
    said = "calls fell, and neither errors nor slowness in these traces tells why: look at who sends them"
    if traffic:
        said = f"calls fell to {words.rate(traffic.now / 60)} from {words.rate(traffic.expected / 60)}; " + said
    return _unknown(case, None, said)


def _why_nobody(decompositions: Sequence[Decomposition]) -> str:
    if not decompositions:
        return "no whole trace passed through both before and during the incident"
    return "each entry operation takes as long as usual on average; only single calls departed"


def _of_shift(shift: MixShift) -> str:
    return (
        f"each entry operation takes as long as usual; what users ask for changed: {operation(shift.entry)} is "
        f"{words.share(shift.now_share)} of requests, usually {words.share(shift.usual_share)}"
    )


def _passes(decomposition: Decomposition, incident: Incident) -> bool:
    """Whether requests of this entry pass through what departed."""
    departed = {anomaly.key for anomaly in incident.anomalies}
    if decomposition.entry in departed:
        return True
    return any(part.key in departed and part.now_seconds > 0 for part in decomposition.parts)


def _ranking(
    case: Case, found: Sequence[Suspect], entry: SeriesKey | None, decomposition: Decomposition | None
) -> CauseRanking:
    ordered = sorted(_merged(found), key=lambda suspect: (-suspect.weight, suspect.service_name, suspect.kind))
    total = sum(suspect.weight for suspect in ordered) + DOUBT
    most = _cap(case, decomposition)
    causes = tuple(
        Cause(
            suspect.service_name,
            suspect.span_name,
            suspect.kind,
            round(min(most, suspect.weight / total), 3),
            suspect.evidence,
            suspect.against,
        )
        for suspect in ordered[:MOST_CAUSES]
        if suspect.weight / total >= 0.01
    )
    top = ordered[0]
    release = top.release
    return CauseRanking(
        case.incident.id,
        headline(top, entry or case.incident.anomalies[0].key, case, is_slower=_is_slower(decomposition)),
        causes,
        decomposition.entry if decomposition else entry,
        decomposition.usual_seconds if decomposition else math.nan,
        decomposition.now_seconds if decomposition else math.nan,
        decomposition.contributions() if decomposition else (),
        f"{release.service_name} {release.version} at {words.clock(release.minute)}" if release else "",
    )


def _is_slower(decomposition: Decomposition | None) -> bool:
    return decomposition is None or decomposition.is_slower


def _merged(found: Sequence[Suspect]) -> list[Suspect]:
    """Suspects with those of one service and kind made one: their weights add up, their sentences are said once."""
    merged: dict[tuple[str, CauseKind, str], Suspect] = {}
    for suspect in sorted(found, key=lambda each: -each.weight):
        key = (suspect.service_name, suspect.kind, suspect.between)
        first = merged.get(key)
        merged[key] = (
            suspect
            if first is None
            else replace(
                first,
                weight=first.weight + suspect.weight,
                evidence=tuple(dict.fromkeys((*first.evidence, *suspect.evidence))),
                against=tuple(dict.fromkeys((*first.against, *suspect.against))),
                release=first.release or suspect.release,
            )
        )
    return list(merged.values())


def _cap(case: Case, decomposition: Decomposition | None) -> float:
    few = len(case.now) <= FEW_MINUTES or (decomposition is not None and decomposition.now_traces < FEW_TRACES)
    return CAP_FOR_FEW if few else 0.95


def _unknown(case: Case, decomposition: Decomposition | None, why: str, said: str = "") -> CauseRanking:
    key = decomposition.entry if decomposition else case.incident.anomalies[0].key
    suspect = Suspect("", "", CauseKind.UNKNOWN, 0.0, (why,), ())
    cause = Cause("", "", CauseKind.UNKNOWN, 0.0, suspect.evidence, ())
    return CauseRanking(
        case.incident.id,
        said or headline(suspect, key, case, is_slower=_is_slower(decomposition)),
        (cause,),
        decomposition.entry if decomposition else None,
        decomposition.usual_seconds if decomposition else math.nan,
        decomposition.now_seconds if decomposition else math.nan,
        decomposition.contributions() if decomposition else (),
    )
