"""Measures the quality of detection on every data set, prints the tables, and writes JSON and docs/quality.md.

Run: PYTHONPATH=benchmarks python -m quality [lab generator nezha ahead nab] [--split dev|report]
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from quality import ahead, generator, lab, nab, nezha, page
from quality.picture import calibration
from tracetune.testing.history import DEVELOPMENT_SEEDS, REPORT_SEEDS

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "quality"
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Measure the data sets that were named, or all; those measured before keep their figures on the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", choices=["lab", "generator", "nezha", "ahead", "nab"], default=[])
    parser.add_argument("--split", choices=["dev", "report"], default="report", help="dev while developing")
    parser.add_argument("--seeds", type=int, nargs="+", help="of the generator, in place of the split's")
    arguments = parser.parse_args()
    is_report = arguments.split == "report"
    seeds = tuple(arguments.seeds or (REPORT_SEEDS if is_report else DEVELOPMENT_SEEDS))
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "lab": lambda: lab.measure(arguments.split),
        "generator": lambda: generator.summary(seeds, CACHE),
        "nezha": nezha.measure,
        "ahead": ahead.measure,
        "nab": nab.measure,
    }
    file = RESULTS / f"quality-{arguments.split}.json" if is_report else CACHE / "quality-dev.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    for name in arguments.sets or measures:
        found[name] = measures[name]()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, indent=1) + "\n")
        print(page.SECTIONS[name](found[name]))
    if is_report:
        docs = ROOT / "docs"
        (docs / "quality.md").write_text(page.whole(found))
        if "calibrations" in found.get("generator", {}).get("means", {}).get("LSTM", {}):
            (docs / "quality").mkdir(exist_ok=True)
            picture = calibration(found["generator"]["means"]["LSTM"]["calibrations"])
            (docs / "quality" / "calibration.svg").write_text(picture)


if __name__ == "__main__":
    main()
