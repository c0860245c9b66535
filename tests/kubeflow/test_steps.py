"""The steps' own rules; that they hand on to each other is in test_container_steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.api.real import receiver
from tests.kubeflow.test_pipelines import history

from tracetune.errors import InvalidInput, NotFound, Unavailable
from tracetune.forecasting import series_file
from tracetune.kubeflow import steps


def test_minutes_are_extracted_from_several_files(tmp_path: Path) -> None:
    files = [history(tmp_path / "a.otlp"), history(tmp_path / "b.otlp", first=45)]

    assert steps.extract(", ".join(map(str, files)), tmp_path / "minutes") == 90


def test_only_the_newest_hours_are_learned_from(tmp_path: Path) -> None:
    steps.extract(str(history(tmp_path / "a.otlp", first=60)) + "," + str(history(tmp_path / "b.otlp")), tmp_path / "m")

    names = steps.series(tmp_path / "m", tmp_path / "series", cut="size", shards=8, hours=1)

    assert names == ["shard-000", "shard-001"]  # there are two services
    assert {series_file.read(tmp_path / "series" / f"{name}.zip").length for name in names} == {60}


def test_nothing_to_extract_from_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACETUNE_STORE_URL", raising=False)

    with pytest.raises(InvalidInput, match="nothing to read"):
        steps.extract("", tmp_path / "minutes")
    with pytest.raises((InvalidInput, NotFound)):
        steps.extract(str(tmp_path / "nowhere"), tmp_path / "minutes")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"production": 1}'])
def test_what_is_no_evaluation_publishes_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(b"a model")

    with pytest.raises(InvalidInput, match="no evaluation"):
        steps.gate(text, tmp_path / "model.npz", registry=str(tmp_path / "models"))

    assert not (tmp_path / "models").exists()


def test_unknown_webhook_is_told_and_none_is_fine() -> None:
    steps.notify("said", "")
    with pytest.raises(Unavailable, match="is away"):
        steps.notify("said", "http://127.0.0.1:9/")
    with receiver() as hook:
        hook.status = 500
        with pytest.raises(Unavailable, match="answered 500"):
            steps.notify("said", hook.url)


def test_lists_are_found_where_the_launcher_puts_them() -> None:
    pytest.importorskip("kfp", reason="not installed: make .venv/.full")
    uris = ["s3://bucket/run/part", "minio://bucket/run/part", "gs://bucket/run/part", "/here/part"]
    told = json.dumps({"inputs": {"artifacts": {"parts": {"artifacts": [{"uri": each} for each in uris]}}}})

    found = steps.collected(told, "parts")

    assert [str(each) for each in found] == [
        "/s3/bucket/run/part",
        "/minio/bucket/run/part",
        "/gcs/bucket/run/part",
        uris[3],
    ]
    with pytest.raises(InvalidInput, match="no list of parts"):
        steps.collected("{}", "parts")
