"""The closed loop on an emulated cluster: autoscalers by the advice beside the usual ones by CPU; prints a table, writes JSON.

Each way is a process of its own, and a way that was lived through is not lived again: a run that was ended goes on where it was.
``--short`` is half the minutes and a peak of 25; ``--again`` forgets what was found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from closed_loop.loop import day, live, objective_seconds
from tracetune import log

RESULTS = Path(__file__).parent / "results" / "closed_loop.json"
BASE = 10.0  # traces a second
WAYS = ("none", "CPU", "advice")
LENGTHS = {  # peak, then minutes of calm, of each ramp and of the high load; calm again for two fifths as long
    "long": (30.0, 40, 12, 12),
    "short": (25.0, 35, 5, 6),
}


def main() -> None:
    """About five minutes of CPU for the long one, most of them under the advice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--way", choices=WAYS, help="live through one way, and print what came of it as JSON")
    told = parser.parse_args()
    length = "short" if told.short else "long"
    peak, *minutes = LENGTHS[length]
    loads, objective = day(BASE, peak, *minutes), objective_seconds(BASE)
    if told.way:
        log.configure(verbosity=-1)
        sys.stdout.write(json.dumps(asdict(live(told.way, loads, objective))))
        return
    document = json.loads(RESULTS.read_text("utf-8"))
    kept = {} if told.again else document.get(length, {}).get("ways", {})
    for way in WAYS:
        if way not in kept:
            kept[way] = _lived(way, length)
            document[length] = {
                "minutes": len(loads),
                "traces_per_second": [BASE, peak],
                "objective_seconds": round(objective, 3),
                "ways": kept,
            }
            RESULTS.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(f"{len(loads)} minutes, {BASE:g} to {peak:g} traces a second, p99 at the gateway within {objective:.2f} s")
    print(f"{'scaled by':<10}{'minutes lost':>14}{'replica-hours':>15}{'changes':>9}  most replicas")
    for way in WAYS:
        each = kept[way]
        most = ", ".join(f"{name} {count}" for name, count in each["highest"].items())
        print(f"{way:<10}{each['minutes_lost']:>14}{each['replica_hours']:>15.2f}{each['changes']:>9}  {most}")


def _lived(way: str, length: str) -> dict[str, object]:
    command = [sys.executable, __file__, "--way", way, *(["--short"] if length == "short" else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
    found: dict[str, object] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
