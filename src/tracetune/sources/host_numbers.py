"""Addresses in digits under keys that are read for a host's name only: they say nothing, and are as many as connections.

``peer.address`` with a client's port is another text for nearly every span. Who leaves such values out before he looks up what
a span's attributes mean finds the same few answers again and again.
"""

from __future__ import annotations

from tracetune.sources.envoy import service_of_host
from tracetune.sources.semconv import ENTRIES

NAME_ONLY = frozenset(
    index for index, entry in enumerate(ENTRIES) if entry.read is service_of_host and not entry.attribute
)
"""Positions in ENTRIES of the keys whose value counts only if it names a host."""


def names_no_host(text: str) -> bool:
    """Whether a text is digits, dots and colons only, as IPv4 addresses with and without ports are.

    >>> [names_no_host(text) for text in ("10.0.0.7:41234", "reviews:9080")]
    [True, False]
    """
    return text.isascii() and text.replace(".", "").replace(":", "").isdecimal()
