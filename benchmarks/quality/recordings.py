"""The lab's recordings as minutes, each behind a history: the calm of its own long run, or minutes of other recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tracetune import pipeline
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.minutes import MinuteBatch, column
from tracetune.sources.files import find
from tracetune.sources.readers import readers

RECORDINGS = Path(__file__).resolve().parents[2] / "lab" / "recordings"

HISTORY_MINUTES = 360
"""Calm minutes are repeated until the history is so long: half an hour alone is too short to say what is normal."""

TABLES = ("operations", "links", "instances", "paths", "exemplars")


@dataclass(frozen=True, slots=True)
class Fault:
    """One truth of a recording, with times in nanoseconds since the Unix epoch."""

    kind: str
    service_name: str
    span_name: str
    start_unix_nano: int
    end_unix_nano: int
    magnitude: float
    version: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recording: its whole minutes of load, and what was wrong in them."""

    name: str
    topology: str
    dialect: tuple[str, str]  # whose spans, by which protocol: the names of operations depend on it
    mix: str  # the proportions of the requests; "" as the topology says
    minutes: MinuteBatch
    period: range
    faults: tuple[Fault, ...]
    lead: tuple[int, ...] = ()  # the calm minutes of the same run that came before, in whole periods of its load

    @property
    def calm(self) -> list[int]:
        """The minutes that no fault touches, nor the minute before or the two after one; the first minute warms up."""
        touched = {
            minute
            for fault in self.faults
            for minute in range(
                fault.start_unix_nano // NANOS_PER_MINUTE - 1, fault.end_unix_nano // NANOS_PER_MINUTE + 3
            )
        }
        return [minute for minute in self.period[1:] if minute not in touched]


@cache
def recorded(split: str) -> tuple[Recorded, ...]:
    """All recordings of a split, ``dev`` or ``report``."""
    return tuple(read_recording(place) for place in sorted((RECORDINGS / split).iterdir()))


def with_history(recording: Recorded) -> MinuteBatch:
    """The recording's minutes behind HISTORY_MINUTES of calm ones, as if one ran after the other.

    Those of its own lead, where it has one. Else they are of the dev recordings of the same topology and dialect, without
    the recording itself; those with the nearest load come last, next to the recording.
    """
    if recording.lead:
        own = [(recording.minutes, minute) for minute in recording.lead]
        return _behind(recording, own)
    level = _calls(recording.minutes, recording.period)
    calm = [
        (abs(np.log(_calls(other.minutes, other.calm) / level)), other)
        for other in recorded("dev")
        if (other.topology, other.dialect) == (recording.topology, recording.dialect)
        and other.mix in {"", recording.mix}
        and other.name != recording.name
        and other.calm
    ]
    calm.sort(key=lambda pair: -pair[0])
    pieces = [(other.minutes, minute) for _, other in calm for minute in other.calm]
    return _behind(recording, pieces)


def _behind(recording: Recorded, pieces: Sequence[tuple[MinuteBatch, int]]) -> MinuteBatch:
    if not pieces:
        return _only_period(recording)
    chosen = [pieces[at % len(pieces)] for at in range(-HISTORY_MINUTES, 0)]
    return MinuteBatch.merge([*_spliced(chosen, recording.period.start), _only_period(recording)])


def _only_period(recording: Recorded) -> MinuteBatch:
    return _only(recording.minutes, {minute: minute for minute in recording.period})


def _spliced(chosen: Sequence[tuple[MinuteBatch, int]], start: int) -> Iterator[MinuteBatch]:
    for at, (minutes, minute) in enumerate(chosen):
        yield _only(minutes, {minute: start - len(chosen) + at})


def _only(minutes: MinuteBatch, places: dict[int, int]) -> MinuteBatch:
    """These minutes only, each moved to its place."""
    tables: dict[str, pa.Table] = {}
    for name in TABLES:
        table = getattr(minutes, name)
        kept = table.filter(pa.array(np.isin(column(table, "minute"), list(places))))
        moved = np.array([places[minute] for minute in column(kept, "minute").tolist()], np.int32)
        tables[name] = kept.set_column(0, table.schema.field("minute"), pa.array(moved)).combine_chunks()
    return MinuteBatch(**tables)


def _calls(minutes: MinuteBatch, chosen: Sequence[int]) -> float:
    """Requests a minute that came in."""
    within = np.isin(column(minutes.operations, "minute"), list(chosen))
    return float(column(minutes.operations, "root_calls")[within].sum()) / max(len(chosen), 1)


def read_recording(place: Path) -> Recorded:
    """One recording as the lab wrote it."""
    manifest: dict[str, Any] = json.loads((place / "manifest.json").read_text())
    truth = json.loads((place / "truth.json").read_text())["faults"]
    ingested = pipeline.ingest(
        find([str(next(place.glob("spans.*")))]), readers(), max_spans=1_000_000, report=lambda *_: None
    )
    first = manifest["load_started_unix_nano"] // NANOS_PER_MINUTE
    last = manifest["load_started_unix_nano"] + 1e9 * manifest["scenario"]["run_seconds"]
    names = ("kind", "service_name", "span_name", "start_unix_nano", "end_unix_nano", "magnitude", "version")
    return Recorded(
        place.name,
        manifest["topology"]["name"],
        (manifest["scenario"].get("spans_from", "sidecar"), manifest["scenario"].get("export", "otlp-http")),
        json.dumps(manifest["scenario"].get("mix", ""), sort_keys=True).strip('"'),
        ingested.minutes,
        range(first, int(last // NANOS_PER_MINUTE)),
        tuple(Fault(*(each[name] for name in names)) for each in truth),
    )
