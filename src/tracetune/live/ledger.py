"""The incidents as they were found: each keeps its id while it goes on, and none is rewritten after its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tracetune.anomalies.incidents import PAUSE_MINUTES
from tracetune.domain.anomalies import Incident
from tracetune.domain.causes import CauseRanking
from tracetune.live.events import Event, IncidentChanged, IncidentEnded, IncidentOpened, IncidentRecord

PATIENCE_MINUTES = 5
"""An open incident that the judgement no longer finds is over after so many minutes: what is expected moves a little."""

MOST_ENDED = 500
"""Ended incidents kept in memory; the store has all."""

Explain = Callable[[Sequence[Incident]], Mapping[str, CauseRanking]]


@dataclass(frozen=True, slots=True)
class _Match:
    incident: Incident
    record: IncidentRecord | None


class Ledger:
    """Joins what each minute's judgement found to what is known.

    Args:
        records: what is known at the start.
        keep: given each record that is new or changed, to store it.
    """

    def __init__(self, records: Sequence[IncidentRecord], keep: Callable[[IncidentRecord], None]) -> None:
        self._records = {record.incident.id: record for record in records}
        self._keep = keep
        self._missed: Counter[str] = Counter()

    def open(self) -> tuple[IncidentRecord, ...]:
        """Those that go on, the latest first."""
        return tuple(sorted((each for each in self._records.values() if each.is_open), key=_newest_first))

    def ended(self) -> tuple[IncidentRecord, ...]:
        """Those that are over, the latest first."""
        return tuple(sorted((each for each in self._records.values() if not each.is_open), key=_newest_first))

    def update(self, found: Sequence[Incident], explain: Explain, minute: int) -> list[Event]:
        """Take what was found at the end of a minute; gives what is new.

        Args:
            found: the incidents of the whole window, by today's judgement.
            explain: gives the causes of incidents by their ids; asked for those that go on or are new.
            minute: the minute that was closed.
        """
        matches = [match for each in found if (match := self._match(each, minute))]
        rankings = explain([match.incident for match in matches])
        events = [
            event
            for match in matches
            if (event := self._take(match, rankings.get(match.incident.id), minute)) is not None
        ]
        events += self._end_missing({match.incident.id for match in matches}, minute)
        for record in self.ended()[MOST_ENDED:]:
            del self._records[record.incident.id]
        return events

    def _match(self, incident: Incident, minute: int) -> _Match | None:
        """The incident under the id it is known by; None if it belongs to a past that was judged before."""
        known = [record for record in self._records.values() if _is_same(record.incident, incident)]
        if known:
            record = min(known, key=lambda each: (each.found, each.incident.id))
            if not record.is_open and incident.end is not None:
                return None
            return _Match(replace(incident, id=record.incident.id, onset=record.incident.onset), record)
        if incident.end is None or incident.end > minute - PAUSE_MINUTES:
            return _Match(incident, None)
        return None

    def _take(self, match: _Match, ranking: CauseRanking | None, minute: int) -> Event | None:
        before = match.record
        found = before.found if before else minute
        record = IncidentRecord(match.incident, ranking or (before.ranking if before else None), found, minute)
        kind = _kind_of_change(before, record)
        if kind is None and before is not None:
            record = replace(record, changed=before.changed)
        self._records[record.incident.id] = record
        if kind is None:
            return None
        self._keep(record)
        return kind(record)

    def _end_missing(self, seen: set[str], minute: int) -> list[Event]:
        events: list[Event] = []
        for record in self.open():
            name = record.incident.id
            if name in seen:
                del self._missed[name]
                continue
            self._missed[name] += 1
            if self._missed[name] >= PATIENCE_MINUTES:
                del self._missed[name]
                ended = replace(
                    record, incident=replace(record.incident, end=minute + 1 - PATIENCE_MINUTES), changed=minute
                )
                self._records[name] = ended
                self._keep(ended)
                events.append(IncidentEnded(ended))
        return events


def _newest_first(record: IncidentRecord) -> tuple[int, str]:
    return -record.incident.onset, record.incident.id


def _is_same(known: Incident, found: Incident) -> bool:
    """Whether they share an operation and kind at about the same time."""
    ends = [each.end if each.end is not None else 1 << 31 for each in (known, found)]
    if found.onset > ends[0] + PAUSE_MINUTES or known.onset > ends[1] + PAUSE_MINUTES:
        return False
    return bool(_subjects(known) & _subjects(found))


def _subjects(incident: Incident) -> set[tuple[str, ...]]:
    return {(*each.key, each.kind) for each in incident.anomalies}


def _kind_of_change(
    before: IncidentRecord | None, now: IncidentRecord
) -> type[IncidentOpened | IncidentChanged | IncidentEnded] | None:
    if before is None:
        return IncidentOpened
    if before.is_open and not now.is_open:
        return IncidentEnded
    is_news = (
        not before.is_open
        or before.incident.severity is not now.incident.severity
        or _first_cause(before) != _first_cause(now)
        or bool(_subjects(now.incident) - _subjects(before.incident))
    )
    return IncidentChanged if is_news else None


def _first_cause(record: IncidentRecord) -> tuple[str, str] | None:
    causes = record.ranking.causes if record.ranking else ()
    return (causes[0].service_name, causes[0].kind) if causes else None
