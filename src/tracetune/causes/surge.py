"""Traffic as the cause: when users ask for more, and what grew is waiting, no code is to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracetune.causes.case import Case
from tracetune.causes.compare import Decomposition
from tracetune.causes.evidence import Finding, Suspect, waiting_or_working, weighed
from tracetune.causes.load import Load, is_slow_at_usual_load, load, minutes_that_served_as_much
from tracetune.domain import words
from tracetune.domain.causes import CauseKind
from tracetune.domain.series import SeriesKey

EXPLAINS = 0.5
"""From this weight on the surge explains the slowness, and what grew under it is where the waiting is, not the cause."""


@dataclass(frozen=True, slots=True)
class Surge:
    """More traffic than expected: of which entry operations together, and what they are called together."""

    name: str
    keys: tuple[SeriesKey, ...]
    traffic: Load


def surge(case: Case, decomposition: Decomposition, others: Sequence[Decomposition]) -> Surge | None:
    """The surge behind a slower entry: of all traffic through its slowest service, else of its own; None without."""
    slowest = decomposition.contributions()[0].service_name
    through = [each.entry for each in others if any(part.key.service_name == slowest for part in each.parts)]
    for keys in (through, [decomposition.entry]):
        traffic = load(case, keys)
        if traffic is not None and traffic.is_surge:
            doors = {key.service_name for key in keys}
            return Surge(doors.pop() if len(doors) == 1 else slowest, tuple(keys), traffic)
    return None


def load_suspect(case: Case, decomposition: Decomposition, surged: Surge, blamed: Sequence[Suspect]) -> Suspect:
    """Load as a suspect, weighed against what the others have for them: a release, slowness that outlasts the surge."""
    slowest, traffic = decomposition.contributions()[0], surged.traffic
    more = (
        f"traffic to {surged.name} is {traffic.factor}: "
        f"{' against '.join(words.rates(traffic.now / 60, traffic.expected / 60))} {traffic.source}"
    )
    where = f"the wait builds up in {slowest.service_name}: {slowest.of_the_rise}"
    own = waiting_or_working(case, slowest.service_name)
    works = Finding(1.0 if not own.evidence else 0.7, evidence=own.against, against=own.evidence)
    findings = (
        Finding(1.0, evidence=more),
        Finding(1.0, evidence=where),
        works,
        _after_the_surge(case, decomposition, surged),
        _same_load_before(case, decomposition, surged),
        _something_new(blamed, slowest.service_name),
    )
    return weighed(Suspect(surged.name, "", CauseKind.LOAD, 1.2, (), (), factor=traffic.factor), findings)


def _after_the_surge(case: Case, decomposition: Decomposition, surged: Surge) -> Finding:
    slow = is_slow_at_usual_load(case, decomposition, surged.keys, surged.traffic.upper)
    if slow is None:
        return Finding(1.0)
    if slow:
        return Finding(0.15, against="it stayed slow in minutes of the incident with no more calls than expected")
    return Finding(1.5, evidence="in minutes of the incident with no more calls than expected it was not slow")


def _same_load_before(case: Case, decomposition: Decomposition, surged: Surge) -> Finding:
    minutes = minutes_that_served_as_much(case, decomposition, surged.keys, surged.traffic.now)
    if not minutes:
        return Finding(1.0)
    return Finding(0.3, against=f"as much traffic was served in the usual time in {minutes} other minutes")


def _something_new(blamed: Sequence[Suspect], slowest: str) -> Finding:
    new = next((each.release for each in blamed if each.service_name == slowest and each.release), None)
    if new is None:
        return Finding(1.0)
    return Finding(0.4, against=f"{new.service_name} {new.version} was released at {words.clock(new.minute)}")
