from __future__ import annotations

from pathlib import Path

import pytest

from tracetune.cli.opening import application
from tracetune.errors import InvalidSettings


def test_flags_win_over_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "tracetune.toml"
    file.write_text('[learn]\nseed = 7\nmodel = "baselines"\n')

    app = application(file, {"learn.seed": 3}, quiet=True, verbose=0)

    assert (app.settings.learn.seed, app.settings.learn.model) == (3, "baselines")


def test_a_setting_that_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(InvalidSettings, match=r"learn\.model"):
        application(None, {"learn.model": "oracle"}, quiet=True, verbose=0)
