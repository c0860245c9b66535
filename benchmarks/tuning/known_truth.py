"""Lab services of known truth: what is identified, what instances share, and where more replicas will not help.

PYTHONPATH=benchmarks python -m tuning.known_truth dev      # or report, or tuning: for published figures only
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from tracetune_lab.capacities import ServiceTruth, capacities
from tracetune_lab.recordings import Recording
from tracetune_lab.topology import Topology

from tracetune import pipeline
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.domain.advice import Action, Advice, Knob
from tracetune.domain.analysis import Ingested
from tracetune.domain.calls import CallSample
from tracetune.domain.whatif import Discipline, Station, Status
from tracetune.forecasting.candidates import candidates
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.tuning.queues.estimate import estimate
from tuning.sweep import RECORDED, RESULTS, TRAINED_ON

CLEAR_USE = 0.4
_VAIN = ("More replicas of", "more replicas will not help", "more replicas are not the remedy")


def read(paths: list[Path]) -> Ingested:
    """Recordings as tracetune reads them."""
    return pipeline.ingest(find([str(path) for path in paths]), readers(), max_spans=1_000_000, report=lambda *_: None)


def truths(path: Path) -> dict[str, ServiceTruth]:
    """What should be found in each service of one recording."""
    topology = msgspec.convert(Recording(path).manifest.topology, Topology)
    return {each.service: each for each in capacities(topology)}


def peak_use(truth: ServiceTruth, calls: CallSample) -> float:
    """Of its slots in the busiest minute; NaN where work alone does not say: slots are held while others answer."""
    if truth.held == "request" and not truth.is_leaf:
        return float("nan")
    table = calls.table
    mine = np.array(table["service_name"].to_pylist()) == truth.service
    minute = table["begun_unix_nano"].to_numpy()[mine] // NANOS_PER_MINUTE
    if not mine.any():
        return 0.0
    every = table["begun_unix_nano"].to_numpy()
    first, last = int(every.min()), int(every.max())
    found = 0.0
    for each in np.unique(minute):
        begin, end = max(first, int(each) * NANOS_PER_MINUTE), min(last, (int(each) + 1) * NANOS_PER_MINUTE)
        if end - begin > 0.5 * NANOS_PER_MINUTE:
            found = max(found, int((minute == each).sum()) / ((end - begin) / 1e9))
    used = {name: one for name, one in truth.operations.items() if one.calls_per_entry_request > 0}
    total = sum(one.calls_per_entry_request for one in used.values())
    work = sum(one.calls_per_entry_request * one.mean_work_seconds for one in used.values()) / max(total, 1e-12)
    share: float = found * work / (truth.slots * (1 if truth.shared else truth.replicas))
    return share


def is_right(station: Station, truth: ServiceTruth) -> bool:
    """Slots and discipline, or that replicas share what they wait for."""
    if truth.shared:
        return station.status is Status.SHARED
    if station.status is not Status.IDENTIFIED or abs(station.slots - truth.slots) > 0.15 * truth.slots:
        return False
    if truth.discipline == "processor_sharing":
        return station.discipline is Discipline.SHARING
    alike = {Discipline.HOLD, Discipline.SELF}
    if truth.is_leaf:
        return station.discipline in alike
    return station.discipline is (Discipline.HOLD if truth.held == "request" else Discipline.SELF)


def identify(name: str, paths: list[Path], counts: Counter[str], lines: list[str]) -> None:
    """Count over the services of one recording, or of several as one."""
    calls = read(paths).calls
    if not len(calls):
        return
    model, known = estimate(calls), truths(paths[0])
    for station in model.stations:
        truth = known.get(station.service_name.removesuffix(".default"))
        if truth is None:
            continue
        counts["several replicas, nothing shared"] += truth.replicas > 1 and not truth.shared
        if not truth.shared and station.status is Status.SHARED:
            lines.append(
                f"| {name} | {station.service_name} | {truth.slots} each | | {station.reason} | **false alarm** |"
            )
        counts["false alarms of sharing"] += not truth.shared and station.status is Status.SHARED
        use = peak_use(truth, calls)
        if not use >= CLEAR_USE:
            continue
        counts["services"] += 1
        answered = station.status in {Status.IDENTIFIED, Status.SHARED}
        counts["answered"] += answered
        counts["right"] += answered and is_right(station, truth)
        counts["shared"] += truth.shared
        counts["shared found"] += truth.shared and station.status is Status.SHARED
        verdict = "right" if is_right(station, truth) else ("**wrong**" if answered else "no answer")
        true = f"{truth.slots} {'shared' if truth.shared else 'each'}, {truth.held}"
        lines.append(f"| {name} | {station.service_name} | {true} | {100 * use:.0f} % | {station.reason} | {verdict} |")


def advice(path: Path) -> tuple[Advice, ...]:
    """The whole advice, as `tracetune tune` gives it."""
    plan = pipeline.Plan(candidates(network=False, progress=lambda *_: None), 0, 60, 1.0, {})
    return pipeline.analyze(read([path]), plan, pipeline.Stopwatch()).advice


def said_vain(found: tuple[Advice, ...], service: str) -> str:
    """The sentence by which some advice says that more replicas of a service will not help; "" where none does."""
    return next(
        (
            reason
            for each in found
            if each.knob is Knob.REPLICAS and each.target_service == service and each.action is not Action.SET
            for reason in each.reasons
            if reason.startswith(_VAIN)
        ),
        "",
    )


class Case(NamedTuple):
    """One service of one recording, and the truth about more replicas of it."""

    what: str
    service: str
    wait_in: str  # a word that the sentence must have; "" where more replicas do help


def cases_of(path: Path) -> list[Case]:
    """The cases of one recording, from its truth. Slots lost in every replica's pool come back with more replicas."""
    topology = msgspec.convert(Recording(path).manifest.topology, Topology).name
    if topology == "limits":
        return [
            Case("a lock", "orders", "share"),
            Case("a database without spans", "stock", "share"),
            Case("a slow supplier", "prices", "supplier"),
            Case("an honest queue", "images", ""),
        ]
    found = []
    for fault in json.loads((path / "truth.json").read_text("utf-8")).get("faults", []):
        kind, name = fault["kind"], fault["service"]
        if kind == "slow_dependency":
            found += [Case("a database that is held up", name, "redis") for name in ("catalog", "cart")]
        elif kind == "slow_hop":
            found.append(Case("a slow network", name, f"on the way to {name}"))
        elif kind == "latency_constant" and name == "shipping":
            found.append(Case("a slow callee", "checkout", "shipping"))
        elif kind in {"pool_too_small", "traffic_surge"}:
            found.append(Case("a queue for slots", name, ""))
    return found


def vain(path: Path) -> list[Judged]:
    """The cases of one recording beside what the advice says."""
    cases = cases_of(path)
    found = advice(path) if cases else ()
    return [
        Judged(f"{path.name}: {case.what} ({case.service})", case.wait_in == "", said, _is_right(case, said))
        for case in cases
        for said in [said_vain(found, case.service)]
    ]


class Judged(NamedTuple):
    """What was said in one case; right if it says so and names where the wait is, or does not say so where they help."""

    case: str
    would_help: bool
    said: str
    right: bool


def _is_right(case: Case, said: str) -> bool:
    return case.wait_in in said if case.wait_in and said else bool(said) == bool(case.wait_in)


def main() -> None:
    """Print both tables of one split and keep them."""
    split = sys.argv[1]
    folders = sorted(path for path in (RECORDED / split).iterdir() if (path / "manifest.json").exists())
    counts: Counter[str] = Counter()
    lines: list[str] = []
    if split == "dev":
        identify("sweep, training points", [RECORDED / "sweep" / name for name in TRAINED_ON], counts, lines)
    cases = []
    for path in folders:
        identify(path.name, [path], counts, lines)
        cases += vain(path)
    print(f"### Lab services of known truth at least 40 % busy in some minute, {split}\n")
    print("| recording | service | slots | use | what is said | |\n|---|---|---|---:|---|---|")
    print("\n".join(lines))
    print("\n| | |\n|---|---:|")
    for name in (
        "services",
        "answered",
        "right",
        "shared",
        "shared found",
        "several replicas, nothing shared",
        "false alarms of sharing",
    ):
        print(f"| {name} | {counts[name]} |")
    print("\n| case | more replicas would help | what is said | |\n|---|---|---|---|")
    for each in cases:
        told = each.said.partition(": ")[0] or "nothing of the kind"
        print(
            f"| {each.case} | {'yes' if each.would_help else 'no'} | {told} | {'right' if each.right else '**wrong**'} |"
        )
    vain_ones = [each for each in cases if not each.would_help]
    print(f"\nrecognised: {sum(each.right for each in vain_ones)} of {len(vain_ones)};", end=" ")
    print(f"said where replicas would help: {sum(bool(each.said) for each in cases if each.would_help)}")
    kept = {"counts": dict(counts), "cases": [each._asdict() for each in cases]}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"known-truth-{split}.json").write_text(json.dumps(kept, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
