"""A recording of the lab: its spans, and what was really done beside what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tracetune.errors import InvalidInput

if TYPE_CHECKING:
    from tracetune.domain.analysis import Analysis
    from tracetune.domain.anomalies import Incident

_SPANS = ("spans.otlp.zst", "spans.zipkin.jsonl.zst")
_MINUTE_NANO = 60_000_000_000


class Fault(msgspec.Struct, frozen=True):
    """One fault that was really there; times in nanoseconds since the Unix epoch."""

    kind: str
    service: str
    operation: str
    start_unix_nano: int
    end_unix_nano: int
    version: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """The file of spans, and the faults in it."""

    spans: Path
    faults: tuple[Fault, ...]


def read(folder: Path) -> Recording:
    """Open a recording.

    Raises:
        InvalidInput: the folder is none.
    """
    spans = next((folder / name for name in _SPANS if (folder / name).is_file()), None)
    try:
        truth = msgspec.json.decode((folder / "truth.json").read_bytes(), type=dict[str, tuple[Fault, ...]])
        faults = truth["faults"]
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        raise _no_recording(folder) from error
    if spans is None:
        raise _no_recording(folder)
    return Recording(spans, faults)


def compared(recording: Recording, found: Analysis) -> str:
    """What was really done, a line for each fault, with what was found of it."""
    lines = [f"  {_what(fault)}: {_verdict(fault, found)}" for fault in recording.faults]
    return "\n".join(["What was really done:", *(lines or ["  nothing; every incident above is a false alarm"])])


def _what(fault: Fault) -> str:
    kind = fault.kind.replace("_", " ")
    place = " ".join(word for word in (fault.service, fault.version, fault.operation) if word)
    return f"{kind} of {place or 'the traffic'}, {_clock(fault.start_unix_nano)}-{_clock(fault.end_unix_nano)} UTC"


def _verdict(fault: Fault, found: Analysis) -> str:
    during = [incident for incident in found.incidents if _overlap(incident, fault)]
    named = [incident for incident in during if fault.service in _first_causes(incident, found)]
    if named:
        late = min(incident.onset for incident in named) - fault.start_unix_nano // _MINUTE_NANO
        return f"found, {fault.service} named first, from minute {late} of it"
    return "an incident was found, with another cause first" if during else "not found"


def _first_causes(incident: Incident, found: Analysis) -> Iterator[str]:
    ranking = found.rankings.get(incident.id)
    if ranking is not None:
        yield from (cause.service_name for cause in ranking.causes[:1])


def _overlap(incident: Incident, fault: Fault) -> bool:
    begins, ends = fault.start_unix_nano // _MINUTE_NANO, -(-fault.end_unix_nano // _MINUTE_NANO)
    return incident.onset < ends and (incident.end is None or incident.end > begins)


def _clock(unix_nano: int) -> str:
    minutes = unix_nano // _MINUTE_NANO
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _no_recording(folder: Path) -> InvalidInput:
    return InvalidInput(
        f"{folder} is no recording of the lab",
        hint="name a folder with truth.json, as lab/recordings/dev/shop-day-quiet",
    )
