"""Speed of tuning: estimate, replay against plain Python in the same run, screened and simulated answers for 12 services."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from tracetune.testing.networks import calls_of
from tracetune.testing.queues import IN_TURN, LESS_BUSY_OF_TWO, OWN_WORK, WHOLE_REQUEST, Network, simulate
from tracetune.tuning.queues.estimate import estimate
from tracetune.tuning.queues.model import Model
from tracetune.tuning.queues.predict import MOST_REQUESTS
from tracetune.tuning.queues.reference import Replay
from tracetune.tuning.queues.simulate import replay
from tracetune.tuning.whatifs.whatif import screen, whatif

RESULTS = Path(__file__).parent / "results" / "tuning"
_SERVICES = 12
_RATE = 100
Value = TypeVar("Value")


def chain() -> Network:
    """A gateway with eleven services below it, in three chains side by side: eleven calls a trace."""
    below = {0: [1, 5, 9], **{service: [service + 1] for service in (1, 2, 3, 5, 6, 7, 9, 10)}}
    groups = [below.get(service, []) for service in range(_SERVICES)]
    calls = [callee for group in groups for callee in group]
    replicas = np.full(_SERVICES, 2)
    return Network(
        service=np.arange(_SERVICES),
        work_nano=np.full(_SERVICES, 12e6),
        work_sigma=np.full(_SERVICES, 0.5),
        group_of_operation=np.concatenate(([0], np.cumsum([bool(group) for group in groups]))),
        call_of_group=np.concatenate(([0], np.cumsum([len(group) for group in groups if group]))),
        callee=np.array(calls),
        probability=np.ones(len(calls)),
        detached=np.zeros(len(calls), np.bool_),
        travel_nano=np.full(len(calls), 0.3e6),
        instance_of_service=np.concatenate(([0], np.cumsum(replicas))),
        slots=np.repeat(np.where(np.arange(_SERVICES) % 4 == 1, 8, 2), replicas),
        slow_from_nano=np.zeros(_SERVICES, np.int64),
        slow_until_nano=np.zeros(_SERVICES, np.int64),
        slow_factor=np.ones(_SERVICES),
        discipline=np.where(np.arange(_SERVICES) % 4 == 1, WHOLE_REQUEST, OWN_WORK),
        balancing=np.where(np.arange(_SERVICES) % 2 == 0, IN_TURN, LESS_BUSY_OF_TWO),
    )


def main() -> None:
    """Measure and print."""
    times = np.sort(np.random.default_rng(1).random(60 * _RATE) * 60e9).astype(np.int64)
    network = chain()
    sample = calls_of(simulate(network, np.zeros(len(times), np.int64), times, 1), network)
    estimate(sample)  # compiles
    spent, model = _cpu(lambda: estimate(sample))
    rows = {"estimate, 12 services": spent, "calls": len(sample)}
    fast, slow = _events_a_second(model)
    rows |= {"replay events/s": fast, "plain Python events/s": slow, "times as fast": fast / slow}
    whatif(model, 0.9)
    screen(model, 0.9)
    rows["what-if with interval"] = _cpu(lambda: whatif(model, 1.1, {"s1": 3}))[0]
    rows["screened what-if"] = _cpu(lambda: screen(model, 1.1, {"s1": 3}))[0]
    print("| what | CPU seconds or as said |\n|---|---:|")
    for name, value in rows.items():
        print(f"| {name} | {value:,.3g} |")
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "speed.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def _events_a_second(model: Model) -> tuple[float, float]:
    """Of the compiled and of the plain replay, both of the same traces at the same times."""
    rng = np.random.default_rng(2)
    few, many = 400, MOST_REQUESTS  # as many as one run of what-if
    trace, begin = rng.choice(model.traces, many), np.sort(rng.random(many) * many / _RATE)
    replay(model.templates, model.best, trace[:few], begin[:few], 1)
    spent, found = min(
        (_cpu(lambda: replay(model.templates, model.best, trace, begin, 1)) for _ in range(5)), key=lambda run: run[0]
    )
    plain = Replay(model.templates, model.best, 1)
    plain_spent, _ = _cpu(lambda: plain.run(trace[:few].tolist(), begin[:few].tolist()))
    return found.events / spent, plain.events / plain_spent


def _cpu(func: Callable[[], Value]) -> tuple[float, Value]:
    begun = time.process_time()
    value = func()
    return time.process_time() - begun, value


if __name__ == "__main__":
    main()
