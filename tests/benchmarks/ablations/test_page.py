"""Tests of the page of ablations."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from ablations.page import HISTORY, NETWORK, pages
from ablations.variants import VARIANTS

ROOT = Path(__file__).resolve().parents[3]

FIGURES = {"F1": 0.5, "recall": 0.4, "loss": 0.07, "events": 80.0}
FOUND: dict[str, Any] = {
    "seeds": [1, 2],
    "given": {
        "applications": 4,
        "services of each": 8,
        "minutes of history": 1440,
        "days judged": 2,
        "false alarms a series-day": 0.05,
    },
    "by_seed": {
        seed: {name: FIGURES | {f"{figure}, same series": 0.9 for figure in FIGURES} for name in VARIANTS}
        for seed in ("1", "2")
    },
}


def test_every_variant_has_its_row_and_the_pictures_are_well_formed() -> None:
    made = pages(FOUND)

    for label in (*NETWORK.values(), *HISTORY.values()):
        assert f"| {label} |" in made["ablations.md"]
    for name, text in made.items():
        if name.endswith(".svg"):
            assert f"({name})" in made["ablations.md"]
            assert ET.fromstring(text).get("role") == "img"  # noqa: S314 - our own


def test_what_was_not_measured_is_said_and_nothing_follows_from_it() -> None:
    some = {seed: {"whole": each["whole"]} for seed, each in FOUND["by_seed"].items()}

    page = pages(FOUND | {"by_seed": some})["ablations.md"]

    assert "| without the number of calls | not measured | not measured | not measured |" in page
    assert "nan" not in page
    assert "Load as an input: F1" not in page


def test_the_committed_page_is_made_of_the_committed_figures() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "ablations.json").read_text("utf-8"))

    for name, text in pages(found).items():
        assert text == (ROOT / "docs" / name).read_text("utf-8"), "run: make bench-ablations"
