from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any, Protocol

import pytest
from typer.testing import Result

from tracetune.cli import models
from tracetune.errors import InvalidInput, InvalidSettings, NotFound

QUICK = ("--model", "baselines", "--quiet")


class Run(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


def _json(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


@pytest.fixture
def hour(shop_files: Path) -> Path:
    """An hour of the shop: enough to train the simplest model, and quick."""
    return min(shop_files.iterdir())


def test_every_command_says_what_it_answers_and_gives_one_example() -> None:
    for command in models.ALL:
        assert f"\b\ntracetune {command.__name__}" in (inspect.getdoc(command) or "")
    for info in models.group.registered_commands:
        assert info.callback is not None
        name = info.name or info.callback.__name__
        assert f"\b\ntracetune model {name}" in (inspect.getdoc(info.callback) or "")


def test_a_trained_model_is_listed_shown_promoted_and_taken_back(run: Run, hour: Path, tmp_path: Path) -> None:
    registry = ("--registry", tmp_path / "models")

    first = _json(run("train", hour, "--promote", "--json", *registry, *QUICK))
    second = _json(run("train", hour, "--json", *registry, *QUICK))
    promoted = _json(run("model", "promote", "latest", "--json", *registry))
    back = _json(run("model", "rollback", "--json", *registry))

    assert (first["version"], first["promotion"]) == (1, "it is production now: it is the first")
    assert (second["version"], second["promotion"]) == (2, "not in use until: tracetune model promote 2")
    assert (promoted["version"], promoted["aliases"]) == (2, ["production"])
    assert (back["version"], back["aliases"]) == (1, ["production"])
    assert [each["version"] for each in _json(run("model", "list", "--json", *registry))] == [2, 1]
    shown = _json(run("model", "show", "--json", *registry))
    assert {each["model"] for each in shown["verdicts"]} == {"trailing_median"}
    assert _json(run("model", "diff", "1", "2", "--json", *registry))["changes"] == []


def test_tables_name_versions_and_say_where_nothing_is_yet(run: Run, hour: Path, tmp_path: Path) -> None:
    registry = ("--registry", tmp_path / "models")

    assert "holds no model yet" in run("model", "list", *registry).stdout
    assert "Version 1 learned from 60 minutes" in run("train", hour, *registry, *QUICK).stdout
    assert "production is version 1 now." in run("model", "promote", "1", *registry).stdout
    assert "production" in run("model", "list", *registry).stdout
    assert "the trailing median" in run("model", "show", *registry).stdout
    assert "speaks otherwise than version 1 for 0 forecasts" in run("model", "diff", "1", *registry).stdout


def test_a_damaged_model_stays_out_and_the_old_one_in(run: Run, hour: Path, tmp_path: Path) -> None:
    registry = ("--registry", tmp_path / "models")
    for _ in range(2):
        run("train", hour, *registry, *QUICK)
    run("model", "promote", "1", *registry)
    (tmp_path / "models" / "versions" / "000002" / "model.npz").write_bytes(b"PK\x05\x06" + bytes(18))

    result = run("model", "promote", "2", *registry)

    assert isinstance(result.exception, InvalidInput)
    assert "damaged" in result.exception.message
    assert _json(run("model", "show", "--json", *registry))["version"] == 1


def test_without_a_registry_it_is_said_how_to_name_one(run: Run) -> None:
    none, bucket = run("model", "list"), run("model", "list", "--registry", "gs://bucket/models")

    assert isinstance(none.exception, InvalidSettings)
    assert "--registry" in none.exception.hint
    assert "'gs://bucket/models' is no directory" in str(bucket.exception)


def test_no_such_version_lists_those_there_are(run: Run, hour: Path, tmp_path: Path) -> None:
    registry = ("--registry", tmp_path / "models")
    run("train", hour, *registry, *QUICK)

    result = run("model", "promote", "7", *registry)

    assert isinstance(result.exception, NotFound)
    assert result.exception.hint == "versions: 1"


def test_models_say_for_each_operation_who_speaks_and_why(run: Run, hour: Path) -> None:
    found = _json(run("models", hour, "--json", *QUICK))
    text = run("models", hour, *QUICK).stdout

    assert {each["metric"] for each in found["verdicts"]} == {"calls", "latency_p50", "latency_p95"}
    assert all(each["reason"] for each in found["verdicts"])
    assert (
        text.splitlines()[0]
        == f"Of {len(found['verdicts'])} forecasts, the trailing median for {len(found['verdicts'])}."
    )
