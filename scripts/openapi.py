"""Write the API's description from the code, so that they cannot differ:  python scripts/openapi.py [FILE]."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from tracetune.api.app import create_app
from tracetune.api.openapi import describe
from tracetune.live.publisher import Publisher

FILE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.json"


def text() -> str:
    """The description as indented JSON with a newline at its end."""
    found = describe(create_app(Publisher()))
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode("utf-8")


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else FILE).write_text(text(), "utf-8")
