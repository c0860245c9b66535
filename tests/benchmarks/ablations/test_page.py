"""Tests of the page of ablations."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ablations.page import HISTORY, NETWORK, pages
from ablations.variants import VARIANTS

FIGURES = {"F1": 0.5, "recall": 0.4, "loss": 0.07, "events": 80.0}
FOUND = {
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
