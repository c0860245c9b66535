from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracetune.errors import InvalidInput, NotFound, Unavailable
from tracetune.ports import ObjectStore
from tracetune.stores.objects import Directory


@pytest.fixture
def objects(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "registry")


def test_it_is_an_object_store(objects: Directory) -> None:
    assert isinstance(objects, ObjectStore)


def test_what_was_created_is_read_and_never_created_again(objects: Directory) -> None:
    assert objects.create("versions/1/model.npz", b"first")
    assert not objects.create("versions/1/model.npz", b"second")

    assert objects.read("versions/1/model.npz", most_bytes=100) == b"first"


def test_of_many_creators_at_once_exactly_one_wins(objects: Directory) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: objects.create("a/claim", str(n).encode()), range(40)))

    assert won.count(True) == 1
    assert objects.read("a/claim", most_bytes=100) == str(won.index(True)).encode()


def test_only_what_is_still_as_expected_is_replaced(objects: Directory) -> None:
    assert not objects.swap("aliases/production.json", b"something", b"1")
    assert objects.swap("aliases/production.json", None, b"1")
    assert not objects.swap("aliases/production.json", None, b"2")
    assert objects.swap("aliases/production.json", b"1", b"3")

    assert objects.read("aliases/production.json", most_bytes=100) == b"3"


def test_of_many_swaps_at_once_exactly_one_wins(objects: Directory) -> None:
    objects.create("a", b"old")

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: objects.swap("a", b"old", f"new {n}".encode()), range(40)))

    assert won.count(True) == 1


def test_names_are_listed_below_a_folder_and_nothing_unfinished_is(objects: Directory, tmp_path: Path) -> None:
    for name in ("versions/2/about.json", "versions/1/about.json", "aliases/a.json"):
        objects.create(name, b"{}")
    (tmp_path / "registry" / "versions" / "2" / ".x.part").write_bytes(b"half")

    assert objects.names("versions") == ["versions/1/about.json", "versions/2/about.json"]
    assert objects.names("nothing") == []


def test_what_is_not_there_is_not_found(objects: Directory) -> None:
    with pytest.raises(NotFound, match=r"versions/1/about\.json is not there"):
        objects.read("versions/1/about.json", most_bytes=100)


def test_more_bytes_than_allowed_are_refused_before_they_are_held(objects: Directory) -> None:
    objects.create("a", b"12345")

    assert objects.read("a", most_bytes=5) == b"12345"
    with pytest.raises(InvalidInput, match="more than 4 bytes"):
        objects.read("a", most_bytes=4)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a//b", "", "a/../b", ".hidden", "a b"])
def test_a_name_cannot_lead_out_of_the_directory(objects: Directory, name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name"):
        objects.read(name, most_bytes=100)
    with pytest.raises(InvalidInput, match="is no name"):
        objects.create(name, b"")


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(Unavailable, match="cannot write"):
        Directory(tmp_path / "file").create("a", b"")


def test_nothing_is_left_of_a_write_that_lost(objects: Directory, tmp_path: Path) -> None:
    objects.create("a", b"1")
    objects.create("a", b"2")
    objects.swap("a", b"2", b"3")

    assert sorted(path.name for path in (tmp_path / "registry").iterdir()) == [".lock", "a"]
