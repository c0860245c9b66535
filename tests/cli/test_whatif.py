"""The command that predicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tracetune.cli.main import app
from tracetune.errors import InvalidInput
from tracetune.testing.shop import shop_day
from tracetune.testing.writers import write_spans

runner = CliRunner()


def test_files_are_read_and_the_answer_is_json(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    write_spans(file, shop_day(1, minutes=30, traces_per_minute=120.0, stories=()))

    done = runner.invoke(app, ["whatif", str(file), "--load", "0.8", "--replicas", "payments=3", "--json", "--quiet"])

    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["replicas"] == {"payments": 3}
    assert found["load"] == 0.8
    assert len(found["endpoints"]) == 6


@pytest.mark.parametrize("given", ["payments", "payments=0", "payments=1.5", "=3"])
def test_replicas_that_are_no_number_are_refused_with_an_example(given: str) -> None:
    done = runner.invoke(app, ["whatif", "traces.json", "--replicas", given])

    assert isinstance(done.exception, InvalidInput)
    assert done.exception.hint == "give --replicas SERVICE=3"


def test_no_load_is_refused() -> None:
    done = runner.invoke(app, ["whatif", "traces.json", "--load", "0"])

    assert isinstance(done.exception, InvalidInput)
