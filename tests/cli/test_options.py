from __future__ import annotations

from tracetune import settings
from tracetune.cli import options


def test_every_flag_overrides_a_setting_that_exists() -> None:
    _, entries = settings.load(environ={})

    assert set(options.flags()) <= {entry.key for entry in entries}


def test_flag_that_is_not_given_overrides_nothing() -> None:
    found, _ = settings.load(environ={}, flags=options.flags(seed=3))

    assert (found.learn.seed, found.learn.model) == (3, settings.LearnSettings().model)
