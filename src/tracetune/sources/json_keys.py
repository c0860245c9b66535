"""The keys of the first objects in a head of JSON text, read without needing the text to be whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(rb'"((?:[^"\\]+|\\.)*)"\s*(:?)|[{}]', re.DOTALL)

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
