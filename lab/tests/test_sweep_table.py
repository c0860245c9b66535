"""The sweep's table is written whole, with NaN where nothing was measured."""

from __future__ import annotations

import math
from pathlib import Path

from tracetune_lab.sweep_table import PointRow, write_table


def test_table_is_written_whole_with_nan_where_nothing_was_measured(tmp_path: Path) -> None:
    row = PointRow(0, "dev", 4.0, "a=1", "entry", "entry", 9, 0.1, 0.1, 0.2, 0.3, math.nan, math.nan, 0)

    write_table([row], tmp_path / "table.csv")

    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0].startswith("point,split,rate_rps,replicas,service")
    assert lines[1] == "0,dev,4.0000,a=1,entry,entry,9,0.1000,0.1000,0.2000,0.3000,nan,nan,0"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
