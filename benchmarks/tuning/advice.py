"""Advice on replicas at 1.5 and 2 times the load, beside other ways to choose them, judged by what the lab measured.

tracetune-lab sweep -o benchmarks/results/tuning/advice-measured.csv --points build/advice/points \
    --grid benchmarks/tuning/advice-grid.yaml --priority realtime      # 15 minutes
PYTHONPATH=benchmarks python -m tuning.advice plan
PYTHONPATH=benchmarks python -m tuning.advice judge
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from tracetune_lab.capacities import capacities
from tracetune_lab.grid import load_grid
from tracetune_lab.sweep_table import PointRow

from tracetune.tuning.advice.scaling import OVER_FLOOR, default_objectives
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.whatifs.allocate import allocate
from tracetune.tuning.whatifs.hpa import SYNC_SECONDS, Autoscaler, Behaviour
from tuning.sweep import RECORDED, RESULTS, operation, sample

SERVICES = ("payment", "recommendation", "checkout")
PRESENT = (2, 1, 2)
LOADS = ((14, 1.5), (14, 2.0), (26, 1.5), (26, 2.0))
OVER = (1.5, 2.0, 2.5)
"""Objectives: p99 of each endpoint within so many times what it is when nothing waits; the default is 2."""

_CALLS = 0.4  # of each of the three services, for one request at the entry
_SLOTS = {"payment": 1, "recommendation": 1, "checkout": 3}
_AUTOSCALED_STEPS = 80  # twenty minutes at the new load: until nothing changes

Counts = tuple[int, ...]


class Planned(msgspec.Struct, frozen=True):
    """The advice for one case; replicas in the order of SERVICES, ``total`` of all services."""

    load_rps: float
    times: float
    over: float
    objective_seconds: dict[str, float]
    replicas: list[int]
    total: int


class Choice(msgspec.Struct, frozen=True):
    """What one way comes to; ``met`` is None where no measurement tells."""

    replicas: Counts
    met: bool | None


class Case(msgspec.Struct, frozen=True):
    """One load and objective; the oracle is the least that was measured and met it."""

    load_rps: float
    times: float
    over: float
    oracle: Counts | None
    methods: dict[str, Choice]


@dataclass(frozen=True)
class Measured:
    """The p99 in seconds of each endpoint at one load with some replicas."""

    rate: float
    counts: Counts
    p99: Mapping[str, float]

    def meets(self, objectives: Mapping[str, float]) -> bool:
        """Whether every objective was met."""
        return all(self.p99[name] <= limit for name, limit in objectives.items())


def rows() -> list[PointRow]:
    """The lines of the sweep and of the points that were measured for this."""
    found = []
    for path in (RECORDED / "shop-sweep.csv", RESULTS / "advice-measured.csv"):
        with path.open(newline="") as file:
            found += [msgspec.convert(row, PointRow, strict=False) for row in csv.DictReader(file)]
    return found


def counts_of(row: PointRow) -> Counts:
    """Replicas in the order of SERVICES."""
    told = dict(each.split("=") for each in row.replicas.split())
    return tuple(int(told[name]) for name in SERVICES)


def points(table: Iterable[PointRow]) -> list[Measured]:
    """Each measured load and choice of replicas once; of two measurements the slower one."""
    found: dict[tuple[float, Counts], dict[str, float]] = {}
    for row in table:
        if row.service == "entry" and row.operation != "entry":
            here = found.setdefault((row.rate_rps, counts_of(row)), {})
            here[row.operation] = max(row.p99_seconds, here.get(row.operation, 0.0))
    return [Measured(rate, counts, p99) for (rate, counts), p99 in found.items()]


def is_met(rate: float, counts: Counts, objectives: Mapping[str, float], seen: Iterable[Measured]) -> bool | None:
    """As measured; else as follows from points with no more (or no fewer) replicas and no less (or no more) load."""
    met, missed = False, False
    for point in seen:
        if (point.rate, point.counts) == (rate, counts):
            return point.meets(objectives)
        fewer = all(one <= other for one, other in zip(point.counts, counts, strict=True))
        more = all(one >= other for one, other in zip(point.counts, counts, strict=True))
        met |= fewer and point.rate >= rate and point.meets(objectives)
        missed |= more and point.rate <= rate and not point.meets(objectives)
    return None if met == missed else met


def autoscaled(rate: float, use: Mapping[str, Mapping[int, float]], target: float) -> Counts:
    """What a Kubernetes autoscaler of each service comes to, never below the present; ``use`` is by service and replicas."""
    found = []
    for name, present in zip(SERVICES, PRESENT, strict=True):
        scaler, count = Autoscaler(Behaviour(target=target, least=present)), present
        for step in range(_AUTOSCALED_STEPS):
            known = use[name]
            nearest = min((abs(each - count), each) for each in known)[1]
            count = scaler.step(SYNC_SECONDS * step, count, rate * known[nearest] * nearest / count)
        found.append(count)
    return tuple(found)


def hpa(rate: float, work: Mapping[str, float]) -> Counts:
    """Of busy slots, which stand for CPU here; never more than all of them, however long the queue."""
    found = []
    for name, present in zip(SERVICES, PRESENT, strict=True):
        scaler, count = Autoscaler(Behaviour(least=present)), present
        for step in range(_AUTOSCALED_STEPS):
            busy = min(1.0, rate * _CALLS * work[name] / (count * _SLOTS[name]))
            count = scaler.step(SYNC_SECONDS * step, count, busy)
        found.append(count)
    return tuple(found)


def concurrency(rate: float, table: Iterable[PointRow]) -> Counts:
    """Requests in flight over the true slots, as measured at the nearest load with as many replicas."""
    nearest: dict[tuple[str, int], PointRow] = {}
    for row in table:
        if row.service in SERVICES:
            key = row.service, counts_of(row)[SERVICES.index(row.service)]
            if key not in nearest or abs(row.rate_rps - rate) < abs(nearest[key].rate_rps - rate):
                nearest[key] = row
    flying: dict[str, dict[int, float]] = {name: {} for name in SERVICES}
    for (name, count), row in nearest.items():
        flying[name][count] = _CALLS * row.mean_seconds / (count * _SLOTS[name])
    return autoscaled(rate, flying, 1.0)


def mmc_tail(servers: int, load: float, over: float) -> float:
    """The share of an M/M/c's requests that take longer than ``over`` mean services; ``load`` is in servers.

    Source: Gross, Shortle, Thompson and Harris 2008, "Fundamentals of Queueing Theory", section 2.4.
    """
    if load >= servers:
        return 1.0
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    waits = blocked / (1 - load / servers * (1 - blocked))
    spare = servers - 1 - load
    stretched = over if abs(spare) < 1e-9 else (1 - math.exp(-spare * over)) / spare
    return math.exp(-over) * (1 + waits * stretched)


def mmc(rate: float, times: float, served: Mapping[str, float]) -> Counts:
    """The fewest with p99 of M/M/c within ``times`` that without waiting; service times as spans show them at 14/s."""
    found = []
    for name in SERVICES:
        count = 1
        while mmc_tail(count * _SLOTS[name], rate * _CALLS * served[name], times * math.log(100)) > 0.01:
            count += 1
        found.append(count)
    return tuple(found)


def plan() -> None:
    """Learn from the training spans and write down the advice for every case."""
    model = estimate(sample())
    floor = {place: limit / OVER_FLOOR for place, limit in default_objectives(model).items()}
    planned = []
    for base, factor in LOADS:
        for over in OVER:
            limits = {place: over * seconds for place, seconds in floor.items()}
            found = allocate(model, base * factor, limits).replicas
            objectives = {operation(model.endpoints[place][1]): round(limit, 4) for place, limit in limits.items()}
            counts = [found[name] for name in SERVICES]
            planned.append(Planned(base * factor, factor, over, objectives, counts, sum(found.values())))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "advice-plans.json").write_bytes(msgspec.json.format(msgspec.json.encode(planned)) + b"\n")


def judged() -> list[Case]:
    """Every case with what was chosen in each way, and whether that met the objectives."""
    table = rows()
    seen = points(table)
    topology = load_grid().topology_at(dict(zip(SERVICES, PRESENT, strict=True)))
    work = {
        each.service: max(one.mean_work_seconds for one in each.operations.values())
        for each in capacities(topology)
        if each.service in SERVICES
    }
    served = {row.service: row.mean_seconds for row in table if row.split == "train" and row.rate_rps == LOADS[0][0]}
    cases = []
    for case in msgspec.json.decode((RESULTS / "advice-plans.json").read_bytes(), type=list[Planned]):
        rate, objectives = case.load_rps, case.objective_seconds
        chosen: dict[str, Counts] = {
            "tracetune": tuple(case.replicas),
            "HPA 80 %": hpa(rate, work),
            "in flight over true slots (KEDA)": concurrency(rate, table),
            "scale all": tuple(math.ceil(case.times * count - 1e-9) for count in PRESENT),
            "M/M/c": mmc(rate, case.over, served),
            "replay without queues: as they are": PRESENT,
        }
        methods = {name: Choice(counts, is_met(rate, counts, objectives, seen)) for name, counts in chosen.items()}
        met = [point.counts for point in seen if point.rate == rate and point.meets(objectives)]
        cases.append(Case(rate, case.times, case.over, min(met, key=sum, default=None), methods))
    return cases


def show(cases: list[Case]) -> None:
    """Print the cases, and a line of sums for each way."""
    can = [case for case in cases if case.oracle]
    names = list(cases[0].methods)
    print(f"### Replicas of payment, recommendation and checkout: {len(cases)} cases, {len(can)} of them can be met\n")
    print(f"| load | p99 within | least measured that met it | {' | '.join(names)} |")
    print("|---|---|---|" + "---|" * len(names))
    for case in cases:
        told = " | ".join(f"{_text(each.replicas)} {_WORD[each.met]}" for each in case.methods.values())
        print(f"| {case.load_rps:g}/s ({case.times:g}×) | {case.over:g}× | {_text(case.oracle)} | {told} |")
    print("\n| | met | missed | not known | replicas over the least that met it | the same without checkout |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in names:
        tally = [sum(case.methods[name].met is value for case in can) for value in (True, False, None)]
        pairs = [(case.methods[name].replicas, case.oracle) for case in can if case.methods[name].met and case.oracle]
        ratios = [_over([sum(one) / sum(least) for one, least in pairs])]
        ratios.append(_over([sum(one[:2]) / sum(least[:2]) for one, least in pairs]))
        print(f"| {name} | {' | '.join(map(str, tally))} | {' | '.join(ratios)} |")


_WORD = {True: "met", False: "**missed**", None: "?"}


def _over(ratios: list[float]) -> str:
    return f"{sum(ratios) / len(ratios):.2f} (most {max(ratios):.2f})" if ratios else "–"


def _text(counts: Counts | None) -> str:
    return "·".join(map(str, counts)) if counts else "none"


def main() -> None:
    """Plan, or judge and keep."""
    if sys.argv[1] == "plan":
        plan()
        return
    cases = judged()
    show(cases)
    (RESULTS / "advice.json").write_bytes(msgspec.json.format(msgspec.json.encode(cases)) + b"\n")


if __name__ == "__main__":
    main()
