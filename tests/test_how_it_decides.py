"""What the documentation shows of the demo's day is what the code says of it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONCEPTS, PROOFS = ROOT / "docs" / "concepts", ROOT / "docs" / "proofs"
HINT = "run: python scripts/how_it_decides.py and scripts/proof_outputs.py"


def _script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))


def test_the_page_and_its_picture_are_made_of_the_committed_figures() -> None:
    script = _script("how_it_decides")
    found = json.loads((CONCEPTS / "how-it-decides.json").read_text("utf-8"))

    assert script["page"](found) == (CONCEPTS / "how-it-decides.md").read_text("utf-8"), HINT
    assert script["picture"](found) == (CONCEPTS / "how-it-decides.svg").read_text("utf-8"), HINT


@pytest.mark.slow
def test_the_figures_are_those_of_the_code() -> None:
    found = _script("how_it_decides")["figures"]()

    assert found == json.loads((CONCEPTS / "how-it-decides.json").read_text("utf-8")), HINT


@pytest.mark.slow
def test_the_tutorial_shows_what_the_tools_print() -> None:
    for name, text in _script("proof_outputs")["outputs"]().items():
        assert text == (PROOFS / name).read_text("utf-8"), HINT


def test_every_output_in_the_tutorial_is_a_committed_one() -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text("utf-8")

    assert all(f"proofs/{path.name}" in tutorial for path in PROOFS.iterdir())
