"""The API's reference as a plain page: made from its description, without scripts and without any other origin."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response

from tracetune.api.answers import tagged
from tracetune.api.openapi import describe

router = APIRouter(include_in_schema=False)


@router.get("/api/docs")
def docs(request: Request) -> Response:
    """Every route with its parameters and what it gives."""
    body = "\n".join(_page(describe(request.app)))
    return tagged(request, body.encode("utf-8"), "text/html; charset=utf-8")


@router.get("/api/openapi.json")
def openapi(request: Request) -> Response:
    """The OpenAPI description."""
    import orjson  # noqa: PLC0415

    return tagged(request, orjson.dumps(describe(request.app)), "application/json")


def _page(found: dict[str, Any]) -> Iterator[str]:
    title = html.escape(found["info"]["title"])
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>'
    yield f"<h1>{title} {html.escape(found['info']['version'])}</h1><p>{html.escape(found['info']['description'])}</p>"
    yield '<p>For programs: <a href="openapi.json">openapi.json</a>.</p>'
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            yield from _operation(path, method, operation)
    yield "<h1>Values</h1>"
    for name, schema in found["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield "</body></html>"


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{html.escape(operation.get('description', ''))}</p>"
    if operation.get("parameters"):
        yield "<table><thead><tr><th>parameter</th><th>type</th><th>default</th><th>meaning</th></tr></thead><tbody>"
        for each in operation["parameters"]:
            cells = (
                each["name"],
                _kind(each["schema"]),
                each["schema"].get("default", ""),
                each.get("description", ""),
            )
            yield f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in cells)}</tr>"
        yield "</tbody></table>"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        yield f"<p>Takes {_linked(body)}.</p>"
    for status, response in operation["responses"].items():
        if str(status).startswith("2"):
            for media_type, content in response.get("content", {}).items():
                given = _linked(content.get("schema", {}))
                yield f"<p>Gives <code>{html.escape(media_type)}</code>{': ' + given if given else ''}.</p>"


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{html.escape(name)}">{html.escape(name)}</h2><p>{html.escape(schema.get("description", ""))}</p>'
    yield "<table><thead><tr><th>field</th><th>type</th></tr></thead><tbody>"
    for field, kind in schema.get("properties", {}).items():
        yield f"<tr><td><code>{html.escape(field)}</code></td><td>{_linked(kind)}</td></tr>"
    yield "</tbody></table>"


def _linked(schema: dict[str, Any]) -> str:
    """A type as text, with links to the values it is made of."""
    if "$ref" in schema:
        name = html.escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_linked(schema.get('items') or {}) or 'values'}"
    if "anyOf" in schema:
        return " or ".join(_linked(each) for each in schema["anyOf"])
    return html.escape(_kind(schema))


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(str(each) for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    return str(schema.get("type", ""))
