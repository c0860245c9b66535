"""Who makes an entry operation fail, as suspects with their evidence."""

from __future__ import annotations

from collections.abc import Iterator

from tracetune.causes import evidence
from tracetune.causes.case import Case
from tracetune.causes.evidence import Finding, Suspect, weighed
from tracetune.causes.failures import Failure, failures
from tracetune.domain import words
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey


def error_suspects(case: Case, entry: SeriesKey | None) -> Iterator[Suspect]:
    """Every service from which added errors came; the weight begins with its share of them."""
    for failure in failures(case):
        yield _suspect(case, failure, entry)


def _suspect(case: Case, failure: Failure, entry: SeriesKey | None) -> Suspect:
    service = failure.service_name
    change, release = evidence.release_before(case, service)
    instance, _ = evidence.one_of_several(case, service, about_errors=True)
    rate = evidence.request_rate(case, entry)[0] if entry else Finding(1.0)
    findings = (
        Finding(1.0, evidence=_rise(failure)),
        Finding(1.0, evidence=_heirs(failure)),
        evidence.order_of_onset(case, service) if not failure.is_unreachable else Finding(1.0),
        change,
        instance,
        Finding(1.0, against=rate.against or rate.evidence),
    )
    return weighed(
        Suspect(service, failure.span_name, CauseKind.ERRORS, failure.share, (), (), release=release), findings
    )


def _rise(failure: Failure) -> str:
    ratios = f"{words.share(failure.now_ratio)}, usually {words.share(failure.usual_ratio)}"
    if failure.is_unreachable:
        return (
            f"calls to {failure.service_name} fail ({ratios}) of which it reports no error itself: "
            f"it was not reached, answers too late, or sends no spans"
        )
    return (
        f"its own calls fail ({ratios}), and nothing that it calls explains it: "
        f"{words.share(failure.share)} of the added errors began there"
    )


def _heirs(failure: Failure) -> str:
    if not failure.passed_on:
        return ""
    verb = "passes" if len(failure.passed_on) == 1 else "pass"
    return f"{', '.join(failure.passed_on[:3])} {verb} its errors on"
