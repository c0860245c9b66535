"""The command's refusals reach the user as one sentence; the rest is tested with the process, in tests/live/test_run.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune.cli.serve import serve
from tracetune.errors import InvalidSettings


def test_host_that_others_reach_is_refused_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="which others can reach"):
        serve(directory=str(tmp_path), host="0.0.0.0")  # noqa: S104 - what is refused
