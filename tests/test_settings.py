from __future__ import annotations

from pathlib import Path

import pytest

from tracetune import settings
from tracetune.errors import InvalidSettings


def _origin(entries: tuple[settings.Entry, ...], key: str) -> str:
    return next(entry.origin for entry in entries if entry.key == key)


def test_defaults_hold_where_nothing_is_said() -> None:
    found, entries = settings.load(environ={})

    assert found == settings.Settings()
    assert {entry.origin for entry in entries} == {"default"}


def test_flag_beats_environment_beats_file(tmp_path: Path) -> None:
    file = tmp_path / "tracetune.toml"
    file.write_text("[learn]\nseed = 1\nhorizon_minutes = 10\nmodel = 'baselines'\n")
    environ = {"TRACETUNE_LEARN_SEED": "2", "TRACETUNE_LEARN_HORIZON_MINUTES": "20"}

    found, entries = settings.load(file=file, environ=environ, flags={"learn.seed": 3, "learn.model": None})

    assert (found.learn.seed, found.learn.horizon_minutes, found.learn.model) == (3, 20, "baselines")
    assert _origin(entries, "learn.seed") == "flag"
    assert _origin(entries, "learn.horizon_minutes") == "environment"
    assert _origin(entries, "learn.model") == str(file)


def test_all_problems_are_reported_at_once() -> None:
    environ = {
        "TRACETUNE_LEARN_SEED": "many",
        "TRACETUNE_LEARN_MODEL": "oracle",
        "TRACETUNE_INGEST_MAX_SPANS": "1",
        "TRACETUNE_COLOUR": "blue",
    }

    with pytest.raises(InvalidSettings) as caught:
        settings.load(environ=environ)

    message = str(caught.value)
    assert "learn.seed is 'many' (environment); use a whole number" in message
    assert "use one of lstm, baselines" in message
    assert "use 1000 or more" in message
    assert "TRACETUNE_COLOUR (environment) is not a setting" in message


@pytest.mark.parametrize(
    "text", ["learn = 3", "[learn]\nseed = [1]", "[learn]\nseed = 1.5", "[learn]\nspeed = 1", "not toml"]
)
def test_unusable_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)

    with pytest.raises(InvalidSettings, match=r"bad\.toml"):
        settings.load(file=file, environ={})


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"cannot read the settings file .*none\.toml"):
        settings.load(environ={"TRACETUNE_CONFIG": str(tmp_path / "none.toml")})


def test_password_in_an_address_is_masked() -> None:
    entry = settings.Entry("store.url", "https://ada:s3cret@host:8443/traces", "flag", "")

    assert entry.shown() == "https://ada:***@host:8443/traces"


def test_every_setting_says_what_it_is_for() -> None:
    _, entries = settings.load(environ={})

    assert all(len(entry.doc) > 20 for entry in entries)
