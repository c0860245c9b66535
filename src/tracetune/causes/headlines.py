"""The one sentence of an explanation."""

from __future__ import annotations

from tracetune.causes.case import Case
from tracetune.causes.evidence import Suspect
from tracetune.causes.naming import operation
from tracetune.domain.anomalies import AnomalyKind
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey

_DEPARTED = {
    AnomalyKind.SLOWER: "is slower than expected",
    AnomalyKind.LOAD: "is slower under more load than expected",
    AnomalyKind.ERRORS: "fails more often than expected",
    AnomalyKind.SURGE: "gets more calls than expected",
    AnomalyKind.DROP: "gets fewer calls than expected",
    AnomalyKind.MIX: "gets other calls than expected, as many in all",
}


def headline(suspect: Suspect, entry: SeriesKey, case: Case, *, is_slower: bool) -> str:
    """What happened to the entry operation and who is behind it, as ``GET /checkout is slow because of payments``.

    ``is_slower`` says whether the entry took longer than usual at all: errors and surges need not slow anything.
    """
    name = operation(entry)
    match suspect.kind:
        case CauseKind.OWN_TIME:
            return f"{name} is slow because of {_who(suspect.service_name, entry)}"
        case CauseKind.GAP:
            return f"{name} is slow because of {suspect.between}"
        case CauseKind.ERRORS:
            verb = "is slow" if is_slower and case.incident.kind is not AnomalyKind.ERRORS else "fails"
            return f"{name} {verb} because of {_who(suspect.service_name, entry)}"
        case CauseKind.LOAD:
            follows = "latency follows the load" if is_slower else "no operation became slower"
            return f"Traffic to {suspect.service_name} rose {suspect.factor}; {follows}"
        case CauseKind.UNKNOWN:
            return f"{name} {_DEPARTED[case.incident.kind]}; the traces do not say why"


def _who(service_name: str, entry: SeriesKey) -> str:
    return f"{service_name} itself" if service_name == entry.service_name else service_name
