"""Noisy nodes on recordings of the lab, which has none: the first replicas are said to run on one node, the second on another.

PYTHONPATH=benchmarks python -m tuning.nodes dev      # or report, or tuning: for published figures only
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from tracetune.domain.calls import CALLS, CallSample
from tracetune.tuning.queues.neighbours import noisy_nodes
from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure
from tuning.known_truth import read
from tuning.sweep import RECORDED, RESULTS

SLOWED_FROM, SLOWED_SHARE = 0.3, 0.4
"""For the other question, what is found: from here on, for this share of the recording, node 0 takes 1.6 times the own time."""

FACTOR = 1.6


def on_nodes(sample: CallSample) -> CallSample:
    """Replica n of every service on node n."""
    column = [
        f"node-{name.partition('.')[0].rpartition('-')[2]}" if name else ""
        for name in sample.table["instance"].to_pylist()
    ]
    place = sample.table.schema.names.index("node")
    field = CALLS.field("node")
    return CallSample(sample.table.set_column(place, field, pa.array(column, pa.string()).cast(field.type)))


def found(sample: CallSample, *, slowed: bool = False) -> list[str]:
    """The noisy nodes of a sample; ``slowed`` makes node 0 one."""
    observed, names = observe(sample)
    structure, observed = find_structure(observed)
    if slowed:
        begin, lasts = float(observed.arrived.min()), float(np.ptp(observed.arrived))
        hit = (observed.arrived >= begin + SLOWED_FROM * lasts) & (
            observed.arrived < begin + (SLOWED_FROM + SLOWED_SHARE) * lasts
        )
        hit &= np.array(names.nodes)[observed.node] == "node-0"
        owner = np.repeat(np.arange(len(hit)), np.diff(structure.segment_offset))
        longer = np.where(hit[owner], FACTOR, 1.0)
        structure = structure._replace(end=structure.start + longer * (structure.end - structure.start))
    return [each.node for each in noisy_nodes(observed, names, structure)]


def main() -> None:
    """Judge the recordings of one split, or those named; what is known of the others stays in the file of results."""
    split, names = sys.argv[1], sys.argv[2:]
    file = Path(RESULTS) / f"nodes-{split}.json"
    known: dict[str, dict[str, bool]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for path in sorted(each for each in (RECORDED / split).iterdir() if (each / "manifest.json").exists()):
        if names and path.name not in names:
            continue
        sample = on_nodes(read([path]).calls)
        if len(set(sample.table["node"].to_pylist()) - {""}) >= 2:
            known[path.name] = {"false alarm": bool(found(sample)), "found": found(sample, slowed=True) == ["node-0"]}
    file.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")
    alarms, told = (sum(each[name] for each in known.values()) for name in ("false alarm", "found"))
    print(f"{len(known)} recordings: {alarms} false alarms; {told} found of those made noisy")


if __name__ == "__main__":
    main()
