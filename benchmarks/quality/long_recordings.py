"""The lab's long runs as minutes, each fault behind the calm of its own run; condensed, so that they can be committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from quality.recordings import TABLES, Fault, Recorded, read_recording
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.minutes import EXEMPLARS, INSTANCES, LINKS, OPERATIONS, PATHS, MinuteBatch

MINUTES = Path(__file__).resolve().parent / "lab_minutes"

SLOT_MINUTES, BEFORE_FAULT = 7, 4
"""A run for development has a fault in every slot, from its fifth minute on."""

_SCHEMAS = dict(zip(TABLES, (OPERATIONS, LINKS, INSTANCES, PATHS, EXEMPLARS), strict=True))


def condense(place: Path, split: str, *, lead_minutes: int, period_minutes: int) -> None:
    """Write the minutes and the truth of one recorded run, some 200 kB, to MINUTES.

    Args:
        place: what the lab recorded.
        split: ``dev`` or ``report``.
        lead_minutes: calm at the beginning, before the scenario itself.
        period_minutes: after so many its load repeats itself.
    """
    run = read_recording(place)
    folder = MINUTES / split / run.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        table: pa.Table = getattr(run.minutes, name)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", compression_level=19)
    facts = {
        "topology": run.topology,
        "dialect": run.dialect,
        "mix": run.mix,
        "period": [run.period.start, run.period.stop],
        "lead_minutes": lead_minutes,
        "period_minutes": period_minutes,
        "faults": [asdict(fault) for fault in run.faults],
    }
    (folder / "run.json").write_text(json.dumps(facts, indent=1) + "\n")


@cache
def long_recorded(split: str) -> tuple[Recorded, ...]:
    """What is judged: each scenario of ``report``, and each fault of the runs for ``dev`` with the minutes around it."""
    folder = MINUTES / split
    places = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(part for place in places for part in _parts(place))


def _parts(place: Path) -> Iterator[Recorded]:
    facts: dict[str, Any] = json.loads((place / "run.json").read_text())
    first, stop = facts["period"]
    scenario = first + facts["lead_minutes"]
    whole = Recorded(
        place.name,
        facts["topology"],
        (facts["dialect"][0], facts["dialect"][1]),
        facts["mix"],
        _minutes(place),
        range(scenario, stop),
        tuple(Fault(**fault) for fault in facts["faults"]),
        _lead(first, scenario, facts["period_minutes"]),
    )
    if len(whole.faults) < 2:
        yield whole
        return
    for at, fault in enumerate(whole.faults, 1):
        start = int(fault.start_unix_nano // NANOS_PER_MINUTE) - BEFORE_FAULT
        end = stop if at == len(whole.faults) else start + SLOT_MINUTES
        yield replace(whole, name=f"{whole.name}-{at}", period=range(start, end), faults=(fault,))


def _lead(first: int, scenario: int, period: int) -> tuple[int, ...]:
    """Whole periods before the scenario; the first minute of a run warms up, one a period later stands in its place."""
    length = (scenario - first) // period * period
    minutes = list(range(scenario - length, scenario))
    return tuple(minute + period if minute == first else minute for minute in minutes)


def _minutes(place: Path) -> MinuteBatch:
    tables = {
        name: pq.read_table(place / f"{name}.parquet", partitioning=None).cast(schema).combine_chunks()
        for name, schema in _SCHEMAS.items()
    }
    return MinuteBatch(**tables)
