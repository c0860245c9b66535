"""The pages of the browser: files of this package, and a page for every address that is none of the API's."""

from __future__ import annotations

import html
import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from tracetune.api.answers import tagged

router = APIRouter(include_in_schema=False)

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
"""Files under assets/ are named by a hash of their content."""

_UNBUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>tracetune</title></head>
<body><h1>tracetune</h1><p>The pages were not built into this copy; run <code>make ui</code>.
The API is described at <a href="api/docs">api/docs</a>.</p></body></html>
"""


@router.get("/{path:path}")
def page(request: Request, path: str) -> Response:
    """A file of the pages, else the page itself: which screen to show is said by the address."""
    if path.startswith("api/"):
        raise HTTPException(404, "no such route")
    found = _find(path)
    if found is not None and path != "index.html":
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return tagged(request, found.read_bytes(), kind, _FOR_EVER if path.startswith("assets/") else None)
    if path.startswith("assets/"):
        raise HTTPException(404, "no such file")
    return tagged(request, _index(request.scope.get("root_path", "")).encode("utf-8"), "text/html; charset=utf-8")


def _find(path: str) -> Traversable | None:
    parts = [part for part in path.split("/") if part]
    if not parts or any(part in ("..", ".") or "\\" in part or "\0" in part for part in parts):
        return None
    found = files("tracetune.api").joinpath("static", *parts)
    return found if found.is_file() else None


def _index(prefix: str) -> str:
    """The page with its base address, so that its relative addresses work at any depth and behind any prefix."""
    file = _find("index.html")
    text = file.read_text("utf-8") if file is not None else _UNBUILT
    base = f'<base href="{html.escape(prefix, quote=True)}/">'
    return text.replace("<head>", f"<head>{base}", 1)
