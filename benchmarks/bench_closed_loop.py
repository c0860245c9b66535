"""The closed loop on an emulated cluster: autoscalers by the advice beside the usual ones by CPU; prints a table, writes JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from closed_loop.loop import day, live, objective_seconds
from tracetune import log

RESULTS = Path(__file__).parent / "results" / "closed_loop.json"
BASE, PEAK = 10.0, 30.0  # traces a second
CALM, RAMP, HIGH = 40, 12, 12  # minutes


def main() -> None:
    """An hour and a half under each way, about two minutes of CPU in all."""
    log.configure(verbosity=-1)
    loads, objective = day(BASE, PEAK, CALM, RAMP, HIGH), objective_seconds(BASE)
    found = [live(way, loads, objective) for way in ("none", "CPU", "advice")]
    print(f"{len(loads)} minutes, {BASE:g} to {PEAK:g} traces a second, p99 at the gateway within {objective:.2f} s")
    print(f"{'scaled by':<10}{'minutes lost':>14}{'replica-hours':>15}{'changes':>9}  most replicas")
    for each in found:
        most = ", ".join(f"{name} {count}" for name, count in each.highest.items())
        print(f"{each.way:<10}{each.minutes_lost:>14}{each.replica_hours:>15.2f}{each.changes:>9}  {most}")
    document = {
        "minutes": len(loads),
        "traces_per_second": [BASE, PEAK],
        "objective_seconds": round(objective, 3),
        "ways": [asdict(each) for each in found],
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
