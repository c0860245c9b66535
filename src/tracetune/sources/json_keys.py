"""The keys of the first objects in a head of JSON text, read without needing the text to be whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Possessive (+), so that a string without end is given up at once and not tried in every partition.
_STRING = rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"\s*+(:?)|\Z)'
_KEY_OR_VALUE = re.compile(_STRING, re.DOTALL)
_TOKEN = re.compile(_STRING + rb"|[{}]", re.DOTALL)

KeyPath = tuple[str, ...]


def key_paths(head: bytes, *, levels: int) -> Iterator[KeyPath]:
    """The keys down to this level of nesting, each with the keys it stands under; () where a top-level object ends.

    Arrays are looked through: a list of objects has the paths of its objects.
    """
    path: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(head):
        mark = token[0]
        if mark == b"{":
            depth += 1
        elif mark == b"}":
            depth -= 1
            if depth == 0:
                yield ()
        elif token[2] and 0 < depth <= levels:
            path[depth - 1 :] = [token[1].decode("utf-8", "replace")]
            yield tuple(path)


def top_keys(head: bytes) -> Iterator[str]:
    """The keys of the first top-level object."""
    for path in key_paths(head, levels=1):
        if not path:
            return
        yield path[0]


def last_key(text: bytes) -> str | None:
    """The last key in a piece of JSON that begins outside a string."""
    key = None
    for token in _KEY_OR_VALUE.finditer(text):
        key = token[1] if token[2] else key
    return None if key is None else key.decode("utf-8", "replace")
