"""A registry in a bucket of a real S3 server (SeaweedFS), and what happens when the way to it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.stores import storage

from tracetune.errors import Forbidden, InvalidSettings, NotFound, Unavailable
from tracetune.stores.buckets import Bucket
from tracetune.stores.models import ModelRegistry, registry_in

pytest.importorskip("boto3", reason="not installed: make .venv/.full")
pytestmark = pytest.mark.skipif(storage.WEED is None, reason="SeaweedFS is not installed: make .venv/.full")

WHEN = "2026-03-02T12:00:00Z"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with storage.seaweedfs(tmp_path_factory.mktemp("weed")) as port:
        storage.make_bucket(port, "models")
        yield port


@pytest.fixture(autouse=True)
def relay(s3: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Relay]:
    between = storage.Relay(s3)
    for name, value in storage.environment(between.port).items():
        monkeypatch.setenv(name, value)
    yield between
    between.close()


def _registry(request: pytest.FixtureRequest) -> ModelRegistry:
    """One of each test's own, with two versions, the first in production."""
    registry = registry_in(f"s3://models/{request.node.name.strip('[]').replace('[', '-')}")
    for name in (b"one", b"two"):
        registry.publish(name, {"name": name.decode()}, created=WHEN)
    registry.promote("1", len)
    return registry


def test_versions_and_aliases_are_kept_as_in_a_directory(request: pytest.FixtureRequest) -> None:
    registry = _registry(request)

    assert [(each.number, each.aliases) for each in registry.versions()] == [(2, ()), (1, ("production",))]
    assert registry.promote("2", len).aliases == ("production",)
    assert registry.content(registry.version("production")) == b"two"
    assert registry.rollback(len).number == 1


def test_trainers_at_once_get_a_version_each(request: pytest.FixtureRequest) -> None:
    place = f"s3://models/{request.node.name}"
    with ThreadPoolExecutor(6) as pool:
        made = list(
            pool.map(lambda n: registry_in(place).publish(f"model {n}".encode(), {"n": n}, created=WHEN), range(12))
        )

    registry = registry_in(place)
    assert sorted(each.number for each in made) == list(range(1, 13))
    assert all(registry.content(each) == f"model {each.about['n']}".encode() for each in registry.versions())


@pytest.mark.parametrize(("lost", "number"), [("before", 1), ("after", 2)])
def test_bucket_that_goes_away_while_promoting_leaves_the_old_version_or_the_new_one_whole(
    relay: storage.Relay, request: pytest.FixtureRequest, lost: str, number: int
) -> None:
    registry = _registry(request)
    relay.breaks = lambda line: lost if line.startswith("PUT") else ""

    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        registry.promote("2", len)

    assert "try again" in raised.value.hint
    relay.breaks = lambda _line: ""
    assert registry.version("production").number == number
    assert registry.promote("2", len).aliases == ("production",)  # trying again ends well in both cases


def test_write_whose_answer_was_lost_once_has_won(relay: storage.Relay, request: pytest.FixtureRequest) -> None:
    registry = _registry(request)
    losses = iter(["after"])
    relay.breaks = lambda line: next(losses, "") if line.startswith("PUT") else ""

    assert registry.promote("2", len).aliases == ("production",)
    assert next(losses, None) is None  # one was lost


def test_version_whose_trainer_lost_the_bucket_half_way_does_not_exist(
    relay: storage.Relay, request: pytest.FixtureRequest
) -> None:
    registry = _registry(request)
    relay.breaks = lambda line: "before" if line.startswith("PUT") and "about.json" in line else ""

    with pytest.raises(Unavailable):
        registry.publish(b"three", {}, created=WHEN)

    relay.breaks = lambda _line: ""
    assert [each.number for each in registry.versions()] == [2, 1]
    assert registry.publish(b"four", {}, created=WHEN).number == 4


def test_keys_that_are_not_known_and_buckets_that_do_not_exist_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="no bucket elsewhere"):
        Bucket("s3://elsewhere").read("a", most_bytes=1)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")

    with pytest.raises(Forbidden, match="does not allow this"):
        Bucket("s3://models/a").create("a", b"")


@pytest.mark.parametrize("place", ["s3://", "s3:///prefix"])
def test_place_without_a_bucket_is_refused(place: str) -> None:
    with pytest.raises(InvalidSettings, match="names no bucket"):
        registry_in(place)


def test_storage_that_is_away_is_named(relay: storage.Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    relay.close()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")

    with pytest.raises(Unavailable, match="s3://models cannot be reached"):
        registry_in("s3://models/a").versions()
