"""What only a directory does; the rules of every ObjectStore are in tests/contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune.errors import Unavailable
from tracetune.stores.objects import Directory


@pytest.fixture
def objects(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "registry")


def test_nothing_unfinished_is_listed(objects: Directory, tmp_path: Path) -> None:
    objects.create("versions/2/about.json", b"{}")
    (tmp_path / "registry" / "versions" / "2" / ".x.part").write_bytes(b"half")

    assert objects.names("versions") == ["versions/2/about.json"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(Unavailable, match="cannot write"):
        Directory(tmp_path / "file").create("a", b"")


def test_nothing_is_left_of_a_write_that_lost(objects: Directory, tmp_path: Path) -> None:
    objects.create("a", b"1")
    objects.create("a", b"2")
    objects.swap("a", b"2", b"3")

    assert sorted(path.name for path in (tmp_path / "registry").iterdir()) == [".lock", "a"]
