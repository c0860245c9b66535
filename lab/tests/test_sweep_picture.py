"""The sweep's picture has a line for every setting in every panel."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from tracetune_lab.sweep_picture import PANELS, draw

TABLE = Path(__file__).resolve().parent.parent / "recordings" / "shop-sweep.csv"


def test_every_setting_is_a_line_in_every_panel_and_named_once(tmp_path: Path) -> None:
    draw(TABLE, tmp_path / "sweep.svg")

    picture = ET.parse(tmp_path / "sweep.svg").getroot()  # noqa: S314 - written by ourselves just now
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    settings = {text for text in texts if text and text.startswith("payment=")}
    lines = [each for each in picture.iter("{http://www.w3.org/2000/svg}path") if each.get("stroke-width") == "1.8"]
    assert len(lines) == len(PANELS) * len(settings)
    assert len(settings) > 1
