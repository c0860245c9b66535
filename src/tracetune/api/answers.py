"""How answers leave: JSON of structs, CSV of lists, each with a tag by which it need not be sent twice."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import Request, Response

from tracetune.domain.whatif import WhatIf

JSON = "application/json"


def answer(request: Request, value: msgspec.Struct | WhatIf | Sequence[msgspec.Struct]) -> Response:
    """A struct, or a list of them, as JSON; a list as CSV where ``format=csv`` asks for it."""
    if request.query_params.get("format") == "csv" and not isinstance(value, msgspec.Struct | WhatIf):
        name = request.url.path.rstrip("/").rpartition("/")[2] or "tracetune"
        return tagged(
            request,
            table(value).encode("utf-8"),
            "text/csv; charset=utf-8",
            {"content-disposition": f'attachment; filename="{name}.csv"'},
        )
    return tagged(request, msgspec.json.encode(value), JSON)


def tagged(request: Request, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """A body with its ETag; 304 without the body where the client has it already.

    Source: RFC 9110, sections 8.8.3 and 13.1.2.
    """
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    common = {"etag": tag, "cache-control": "no-cache", "vary": "authorization", **(headers or {})}
    known = request.headers.get("if-none-match", "")
    if tag in {each.strip().removeprefix("W/") for each in known.split(",")}:
        return Response(status_code=304, headers=common)
    return Response(body, media_type=media_type, headers=common)


def table(rows: Sequence[msgspec.Struct]) -> str:
    """Structs as CSV with a header; lists of texts are joined, other lists and structs are left out.

    A text that a spreadsheet would take for a formula gets an apostrophe in front: names come from traces.

    Source: RFC 4180; OWASP, "CSV Injection".
    """
    if not rows:
        return ""
    names = [name for name in rows[0].__struct_fields__ if _fits(getattr(rows[0], name), name, rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])
    return text.getvalue()


def _fits(first: Any, name: str, rows: Sequence[msgspec.Struct]) -> bool:  # noqa: ANN401 - any field
    if isinstance(first, list):
        return any(getattr(row, name) and isinstance(getattr(row, name)[0], str) for row in rows)
    return not isinstance(first, (dict, msgspec.Struct))


def _cell(value: Any) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, list):
        return _cell("; ".join(str(each) for each in value))
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
