"""The model registry: versions that never change, and aliases that point at one of them and can go back.

A version is its model, whatever that is made of, and then its metadata: without the second it is unfinished and does not
exist. An alias is one small object that is replaced as a whole, so a reader sees the old version or the new one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracetune.errors import Conflict, InvalidInput, InvalidSettings, NotFound
from tracetune.ports import ObjectStore
from tracetune.stores.buckets import SCHEME, Bucket
from tracetune.stores.objects import Directory

FORMAT = 1
"""Of the metadata; raised when an older tracetune could misread them."""

MOST_MODEL_BYTES = 256 * 1024**2
MOST_FACTS_BYTES = 16 * 1024**2
MOST_REMEMBERED = 20
"""Versions that an alias remembers to go back to."""

PRODUCTION = "production"
_ROLLBACK = "go back by: tracetune model rollback"

Check = Callable[[bytes], object]
"""Reads a model and raises what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One trained model.

    Attributes:
        created: RFC 3339, UTC.
        about: what its trainer said: data window, metrics, gate's verdicts, backend, code version.
        aliases: that point at it.
    """

    number: int
    created: str
    bytes: int
    sha256: str
    about: Mapping[str, Any]
    aliases: tuple[str, ...]


class ModelRegistry:
    """Versions and aliases in an ObjectStore; several processes may train, promote and read at once."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def publish(self, content: bytes, about: Mapping[str, Any], *, created: str) -> ModelVersion:
        """Keep a model under the next number; of two trainers at once each gets a number of its own."""
        number = max(self._numbers(), default=0) + 1
        while not self._objects.create(_model(number), content):
            number += 1
        digest = hashlib.sha256(content).hexdigest()
        facts = {"format": FORMAT, "created": created, "bytes": len(content), "sha256": digest, "about": dict(about)}
        self._objects.create(_facts(number), json.dumps(facts, indent=1, allow_nan=False).encode())
        return ModelVersion(number, created, len(content), digest, dict(about), ())

    def versions(self) -> tuple[ModelVersion, ...]:
        """All finished versions, the newest first; one whose metadata cannot be read is left out (``version`` says why)."""
        pointing = self._pointing()
        found = []
        for number in sorted(self._numbers(), reverse=True):
            with suppress(InvalidInput, NotFound):
                found.append(self._read(number, pointing))
        return tuple(found)

    def version(self, name: str) -> ModelVersion:
        """The version of this number, alias, or ``latest``.

        Raises:
            NotFound: there is none; it says which there are.
            InvalidInput: its metadata are damaged, or of a newer tracetune.
        """
        pointing = self._pointing()
        if name.isdigit():
            return self._read(int(name), pointing)
        if name == "latest":
            found = self.versions()
            if not found:
                raise NotFound(
                    "the registry holds no model yet", hint="train one: tracetune train FILES --registry DIR"
                )
            return found[0]
        if name not in pointing:
            self._pointer(name)  # says what is wrong where it is damaged
            known = ", ".join(sorted(pointing)) or "none yet"
            raise NotFound(
                f"no model is called {name!r}", hint=f"aliases: {known}; or give a version's number, or latest"
            )
        try:
            return self._read(pointing[name], pointing)
        except NotFound:
            raise NotFound(
                f"{name} points at version {pointing[name]}, which is not there whole",
                hint=f"{_ROLLBACK} --alias {name}",
            ) from None

    def pointed(self, alias: str) -> int:
        """The number of the version that an alias points at, 0 where there is no such alias; reads one small object.

        Raises:
            InvalidInput: the alias is damaged.
        """
        return int(self._pointer(alias)[1]["version"])

    def content(self, version: ModelVersion) -> bytes:
        """The model itself.

        Raises:
            InvalidInput: it is not what was published.
        """
        content = self._objects.read(_model(version.number), most_bytes=MOST_MODEL_BYTES)
        if hashlib.sha256(content).hexdigest() != version.sha256:
            raise InvalidInput(
                f"the model of version {version.number} is damaged: its checksum is not the one it was published with",
                hint=f"use another version; {_ROLLBACK}",
            )
        return content

    def promote(self, name: str, check: Check, *, alias: str = PRODUCTION) -> ModelVersion:
        """Point the alias at a version, once its model was read and found whole; else the alias stays as it is.

        Raises:
            NotFound: no such version.
            InvalidInput: the model cannot be used here, or the alias has no name.
            Conflict: somebody else moved the alias meanwhile.
        """
        if alias.isdigit() or alias == "latest":
            raise InvalidInput(
                f"{alias!r} cannot be an alias: it means a version already", hint="use a word, as production"
            )
        version = self.version(name)
        check(self.content(version))
        before, pointer = self._pointer(alias)
        if pointer["version"] != version.number:
            history = [each for each in (pointer["version"], *pointer["before"]) if each]
            self._move(alias, before, {"version": version.number, "before": history[:MOST_REMEMBERED]})
        return self.version(str(version.number))

    def rollback(self, check: Check, *, alias: str = PRODUCTION) -> ModelVersion:
        """Point the alias at what it pointed at before, skipping what cannot be used any more.

        Raises:
            NotFound: there is nothing to go back to; the alias stays as it is.
            Conflict: somebody else moved the alias meanwhile.
        """
        before, pointer = self._pointer(alias)
        for at, number in enumerate(pointer["before"]):
            try:
                version = self._read(number, {})
                check(self.content(version))
            except (NotFound, InvalidInput):
                continue
            self._move(alias, before, {"version": number, "before": pointer["before"][at + 1 :]})
            return self.version(str(number))
        raise NotFound(
            f"{alias} has no earlier version that can be used", hint="promote one: tracetune model promote VERSION"
        )

    def _move(self, alias: str, before: bytes | None, pointer: Mapping[str, Any]) -> None:
        if not self._objects.swap(_alias(alias), before, json.dumps({"format": FORMAT, **pointer}).encode()):
            raise Conflict(
                f"{alias} was moved by somebody else meanwhile", hint="look at it and try again: tracetune model list"
            )

    def _pointer(self, alias: str) -> tuple[bytes | None, dict[str, Any]]:
        """An alias as it is stored, None where it is not, and what it says."""
        try:
            stored = self._objects.read(_alias(alias), most_bytes=MOST_FACTS_BYTES)
        except NotFound:
            return None, {"version": 0, "before": []}
        pointer = _parsed(stored, f"the alias {alias}")
        if not isinstance(pointer.get("version"), int) or not isinstance(pointer.get("before"), list):
            raise InvalidInput(f"the alias {alias} is damaged", hint="remove its file and promote a version")
        return stored, pointer

    def _pointing(self) -> dict[str, int]:
        """The version of each alias that can be read; a damaged one must not take the others with it."""
        pointing: dict[str, int] = {}
        for name in self._objects.names("aliases"):
            alias = name.removeprefix("aliases/").removesuffix(".json")
            with suppress(InvalidInput):
                pointing[alias] = self._pointer(alias)[1]["version"]
        return pointing

    def _numbers(self) -> list[int]:
        folders = {name.split("/")[1] for name in self._objects.names("versions")}
        return [int(each) for each in folders if each.isdigit()]

    def _read(self, number: int, pointing: Mapping[str, int]) -> ModelVersion:
        try:
            stored = self._objects.read(_facts(number), most_bytes=MOST_FACTS_BYTES)
        except NotFound:
            known = ", ".join(str(each) for each in sorted(set(self._numbers()))) or "none yet"
            raise NotFound(f"there is no finished version {number}", hint=f"versions: {known}") from None
        facts = _parsed(stored, f"the description of version {number}")
        try:
            aliases = tuple(sorted(name for name, version in pointing.items() if version == number))
            about = dict(facts["about"])
            return ModelVersion(
                number, str(facts["created"]), int(facts["bytes"]), str(facts["sha256"]), about, aliases
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(
                f"the description of version {number} is damaged: {error!r}", hint=f"use another version; {_ROLLBACK}"
            ) from None


def registry_in(place: str) -> ModelRegistry:
    """The registry in a directory, or in a bucket as ``s3://BUCKET/PREFIX``.

    Raises:
        InvalidSettings: no place is named, or one that is neither.
        Unavailable: a bucket is named, and the extra 's3' is not installed.
    """
    if place.startswith(SCHEME):
        return ModelRegistry(Bucket(place))
    if not place or "://" in place:
        raise InvalidSettings(
            f"the registry {place!r} is no directory" if place else "no registry of models is named",
            hint=f"give --registry DIRECTORY or {SCHEME}BUCKET/PREFIX, or set learn.registry",
        )
    return ModelRegistry(Directory(Path(place)))


def _parsed(stored: bytes, what: str) -> dict[str, Any]:
    try:
        facts = json.loads(stored)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} is damaged: {error}", hint=f"use another version; {_ROLLBACK}") from None
    if not isinstance(facts, dict):
        raise InvalidInput(f"{what} is damaged: it is no object", hint=f"use another version; {_ROLLBACK}")
    if facts.get("format") != FORMAT:
        raise InvalidInput(
            f"{what} has the format {facts.get('format')!r}, and this tracetune reads {FORMAT}",
            hint="upgrade tracetune, or use a version that this one made",
        )
    return facts


def _model(number: int) -> str:
    return f"versions/{number:06}/model.npz"


def _facts(number: int) -> str:
    return f"versions/{number:06}/about.json"


def _alias(name: str) -> str:
    return f"aliases/{name}.json"
