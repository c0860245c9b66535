"""What advice would change in manifests that are kept somewhere: a diff to review, as kubectl diff prints it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tracetune.errors import InvalidInput
from tracetune.sinks.manifests import Manifest, dump, merged
from tracetune.sinks.mesh import Object

MOST_BYTES = 8 * 1024 * 1024
"""A manifest file beyond this is none; reading it would only cost memory."""


@dataclass(frozen=True, slots=True)
class Given:
    """An object that somebody keeps, and the file it is in."""

    path: Path
    document: Object


def read_manifests(paths: Iterable[Path]) -> tuple[Given, ...]:
    """Every Kubernetes object in these files, and in the ``.yaml`` and ``.yml`` files of these folders.

    Raises:
        InvalidInput: a path does not exist, is too large, or is not YAML.
    """
    return tuple(Given(file, document) for path in paths for file in _files(path) for document in _objects(file))


def diff(given: Sequence[Given], advised: Sequence[Manifest]) -> str:
    """A unified diff of each object that the advice would change, with its reasons; new objects as additions."""
    known = {(each.document["kind"], each.document["metadata"]["name"]): each for each in given}
    parts = []
    for manifest in advised:
        theirs = known.get(manifest.identity)
        old = theirs.document if theirs else {}
        lines = list(_unified(old, merged(old, manifest.document), str(theirs.path) if theirs else "/dev/null"))
        if lines:
            parts += [*(f"# {comment}" for comment in manifest.comments), *lines, ""]
    return "\n".join(parts)


def _unified(old: Object, new: Object, path: str) -> Iterator[str]:
    name = f"{new['kind']}/{new['metadata']['name']}"
    before = dump(old).splitlines() if old else []
    after = dump(new).splitlines()
    return difflib.unified_diff(before, after, path, f"advised {name}", lineterm="")


def _files(path: Path) -> Sequence[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in {".yaml", ".yml"})
    if not path.is_file():
        raise InvalidInput(f"no manifest at {path}", hint="name YAML files, or folders that hold some")
    return [path]


def _objects(file: Path) -> Iterator[Object]:
    if file.stat().st_size > MOST_BYTES:
        raise InvalidInput(f"{file} has {file.stat().st_size:,} bytes; a manifest has at most {MOST_BYTES:,}")
    try:
        documents = list(yaml.safe_load_all(file.read_text("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is not YAML: {error}", hint="render charts first: helm template ...") from error
    for document in documents:
        listed = document.get("items") if isinstance(document, dict) else None
        yield from (each for each in (listed if isinstance(listed, list) else [document]) if _is_named(each))


def _is_named(document: object) -> bool:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return isinstance(metadata, dict) and "name" in metadata and "kind" in document  # type: ignore[operator]  # a dict here
