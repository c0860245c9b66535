from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np

from tracetune.domain.series import SeriesKey
from tracetune.proofs.histories import Comparison, History
from tracetune.proofs.plot import svg

MINUTES = 120


def comparison() -> Comparison:
    """Two histories; the longer is better, and does not know the first ten minutes."""
    steps = np.linspace(0.5, 2.0, 7)
    bands = np.tile(0.1 * steps, (MINUTES, 1))
    later = bands.copy()
    later[:10] = np.nan
    short = History("30m", 30, 0.10, 0.97, 0.9, 20, 40, 3, 4.0, {"trailing_median": 9}, bands)
    long = History("24h", 1440, 0.08, 0.98, 0.7, 30, 40, 1, 3.8, {"lstm": 9}, later)
    observed = np.full(MINUTES, 0.1)
    observed[50:53] = np.nan
    return Comparison(0, MINUTES, (short, long), (), SeriesKey("shop", "GET /<b>&"), observed)


def _elements(text: str, style: str) -> list[ET.Element]:
    return [each for each in ET.fromstring(text).iter() if each.get("class") == style]  # noqa: S314 - our own


def test_each_history_has_a_panel_with_its_band_and_its_measures() -> None:
    text = svg(comparison())

    assert len(_elements(text, "band")) == 2
    assert [each.text for each in _elements(text, "ink name")] == ["30m of history", "24h of history"]
    assert "30 of 40 slowdowns found, 1 others" in text


def test_minutes_that_were_not_seen_are_a_gap_in_the_line() -> None:
    assert len(_elements(svg(comparison()), "seen")) == 4


def test_a_name_cannot_become_markup() -> None:
    assert "<b>" not in svg(comparison())


def test_nothing_is_drawn_outside_the_panels_even_by_an_unsure_band() -> None:
    found = comparison()
    wild = replace(found.histories[0], quantiles=found.histories[0].quantiles * 1e6)

    text = svg(replace(found, histories=(wild,)))

    (band,) = _elements(text, "band")
    heights = [float(point.split()[1]) for point in (band.get("d") or "").strip("MZ").split("L")]
    assert min(heights) >= 0.0
    assert max(heights) <= 128.0


def test_minutes_without_any_observation_are_still_a_picture() -> None:
    found = replace(comparison(), observed=np.full(MINUTES, np.nan))

    assert _elements(svg(found), "seen") == []
