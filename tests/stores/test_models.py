from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tracetune.errors import Conflict, InvalidInput, NotFound
from tracetune.stores.models import ModelRegistry
from tracetune.stores.objects import Directory

WHEN = "2026-03-02T12:00:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> ModelRegistry:
    return ModelRegistry(Directory(folder))


def _publish(registry: ModelRegistry, *names: str) -> None:
    for name in names:
        registry.publish(name.encode(), {"name": name}, created=WHEN)


def _readable(content: bytes) -> None:
    if content.startswith(b"bad"):
        raise InvalidInput("it holds no models")


def test_versions_count_up_and_keep_model_and_facts(registry: ModelRegistry) -> None:
    _publish(registry, "one", "two")

    assert [(each.number, each.about["name"]) for each in registry.versions()] == [(2, "two"), (1, "one")]
    assert registry.content(registry.version("1")) == b"one"
    assert registry.version("latest").number == 2
    assert registry.version("2").created == WHEN


def test_two_trainers_at_once_get_a_version_each(folder: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(
            pool.map(
                lambda n: ModelRegistry(Directory(folder)).publish(f"model {n}".encode(), {"n": n}, created=WHEN),
                range(24),
            )
        )

    registry = ModelRegistry(Directory(folder))
    assert sorted(each.number for each in made) == list(range(1, 25))
    assert all(registry.content(each) == f"model {each.about['n']}".encode() for each in registry.versions())


def test_a_version_whose_trainer_died_does_not_exist_and_its_number_is_not_used_again(
    registry: ModelRegistry, folder: Path
) -> None:
    _publish(registry, "one")
    Directory(folder).create("versions/000002/model.npz", b"half a life")

    _publish(registry, "three")

    assert [each.number for each in registry.versions()] == [3, 1]
    with pytest.raises(NotFound, match="no finished version 2"):
        registry.version("2")
    with pytest.raises(NotFound):
        registry.promote("2", _readable)


def test_promoting_and_going_back_move_the_alias_and_nothing_else(registry: ModelRegistry) -> None:
    _publish(registry, "one", "two", "three")

    for name in ("1", "2", "latest"):
        registry.promote(name, _readable)
    promoted = registry.version("production").number
    back = [registry.rollback(_readable).number, registry.rollback(_readable).number]

    assert (promoted, back) == (3, [2, 1])
    with pytest.raises(NotFound, match="no earlier version"):
        registry.rollback(_readable)
    assert registry.version("production").number == 1
    assert len(registry.versions()) == 3


def test_promoting_what_is_promoted_already_is_no_step_to_go_back_to(registry: ModelRegistry) -> None:
    _publish(registry, "one", "two")

    for name in ("1", "2", "2"):
        registry.promote(name, _readable)

    assert registry.rollback(_readable).number == 1


def test_a_model_that_cannot_be_used_is_not_promoted_and_the_old_one_stays(registry: ModelRegistry) -> None:
    _publish(registry, "one", "bad")
    registry.promote("1", _readable)

    with pytest.raises(InvalidInput, match="holds no models"):
        registry.promote("2", _readable)

    assert registry.version("production").number == 1


def test_a_damaged_model_is_not_promoted_and_the_old_one_stays(registry: ModelRegistry, folder: Path) -> None:
    _publish(registry, "one", "two")
    registry.promote("1", _readable)
    (folder / "versions" / "000002" / "model.npz").write_bytes(b"twO")

    with pytest.raises(InvalidInput, match="version 2 is damaged"):
        registry.promote("2", _readable)

    assert registry.version("production").number == 1


def test_a_version_of_a_newer_tracetune_says_to_upgrade_and_the_old_one_stays(
    registry: ModelRegistry, folder: Path
) -> None:
    _publish(registry, "one", "two")
    registry.promote("1", _readable)
    about = folder / "versions" / "000002" / "about.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "format": 2}))

    with pytest.raises(InvalidInput, match="has the format 2, and this tracetune reads 1") as raised:
        registry.promote("2", _readable)

    assert "upgrade" in raised.value.hint
    assert registry.version("production").number == 1
    assert [each.number for each in registry.versions()] == [1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "about": 3}', "[" * 100_000])
def test_damaged_facts_are_told_and_do_not_hide_the_other_versions(
    registry: ModelRegistry, folder: Path, text: str
) -> None:
    _publish(registry, "one", "two")
    (folder / "versions" / "000002" / "about.json").write_text(text)

    with pytest.raises(InvalidInput, match="version 2"):
        registry.version("2")
    assert [each.number for each in registry.versions()] == [1]


def test_an_alias_that_points_nowhere_says_how_to_go_back(registry: ModelRegistry, folder: Path) -> None:
    _publish(registry, "one", "two")
    registry.promote("1", _readable)
    registry.promote("2", _readable)
    (folder / "versions" / "000002" / "about.json").unlink()

    with pytest.raises(NotFound, match="production points at version 2, which is not there whole") as raised:
        registry.version("production")

    assert "rollback" in raised.value.hint
    assert registry.rollback(_readable).number == 1


def test_a_damaged_alias_is_told_and_does_not_hide_the_versions(registry: ModelRegistry, folder: Path) -> None:
    _publish(registry, "one")
    registry.promote("1", _readable)
    (folder / "aliases" / "production.json").write_text('{"format": 1, "version": "x", "before": []}')

    with pytest.raises(InvalidInput, match="alias production is damaged"):
        registry.version("production")
    assert [each.aliases for each in registry.versions()] == [()]


def test_going_back_skips_versions_that_cannot_be_used_any_more(registry: ModelRegistry, folder: Path) -> None:
    _publish(registry, "one", "two", "three")
    for name in ("1", "2", "3"):
        registry.promote(name, _readable)
    (folder / "versions" / "000002" / "model.npz").unlink()

    assert registry.rollback(_readable).number == 1


def test_who_moves_an_alias_that_somebody_else_moved_meanwhile_is_told(registry: ModelRegistry) -> None:
    _publish(registry, "one", "two", "three")
    registry.promote("1", _readable)

    def somebody_else(_content: bytes) -> None:
        registry.promote("3", _readable)

    class Late(Directory):
        """Between reading the alias and moving it, somebody else is quicker."""

        moved = False

        def swap(self, name: str, expected: bytes | None, content: bytes) -> bool:
            if not self.moved:
                self.moved = True
                somebody_else(b"")
            return super().swap(name, expected, content)

    late = ModelRegistry(Late(registry._objects._root))  # type: ignore[attr-defined]  # the same directory
    with pytest.raises(Conflict, match="moved by somebody else"):
        late.promote("2", _readable)

    assert registry.version("production").number == 3


def test_several_aliases_stand_beside_each_other(registry: ModelRegistry) -> None:
    _publish(registry, "one", "two")
    registry.promote("1", _readable)
    registry.promote("2", _readable, alias="staging")

    assert {each.number: each.aliases for each in registry.versions()} == {1: ("production",), 2: ("staging",)}
    assert registry.promote("staging", _readable).aliases == ("production", "staging")


@pytest.mark.parametrize("alias", ["3", "latest", "../x", "a b"])
def test_what_means_something_else_cannot_be_an_alias(registry: ModelRegistry, alias: str) -> None:
    _publish(registry, "one")

    with pytest.raises(InvalidInput):
        registry.promote("1", _readable, alias=alias)


def test_an_unknown_name_lists_what_there_is(registry: ModelRegistry) -> None:
    with pytest.raises(NotFound, match="holds no model yet"):
        registry.version("latest")
    _publish(registry, "one")
    registry.promote("1", _readable)

    with pytest.raises(NotFound, match="no model is called 'prod'") as raised:
        registry.version("prod")

    assert "production" in raised.value.hint
