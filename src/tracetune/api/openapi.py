"""The OpenAPI description: routes from FastAPI, schemas from the structs that are really sent."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tracetune.api import data_schemas, notices, problems, schemas
from tracetune.domain.whatif import WhatIf

_REFERENCE = "#/components/schemas/{name}"
_STRUCTS: tuple[type, ...] = (
    WhatIf,
    *(
        found
        for found in (vars(schemas) | vars(data_schemas) | vars(notices)).values()
        if inspect.isclass(found) and issubclass(found, msgspec.Struct) and found is not msgspec.Struct
    ),
)
Responses = dict[int | str, dict[str, Any]]


def returns(struct: type, *, many: bool = False, status: int = 200) -> Responses:
    """The responses of a route that gives a struct, or a list of them (as CSV too), else a problem."""
    reference: dict[str, Any] = {"$ref": _REFERENCE.format(name=struct.__name__)}
    schema = {"type": "array", "items": reference} if many else reference
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if many:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {status: {"description": _sentence(struct), "content": content}, **failures()}


def failures() -> Responses:
    """Every error, as a problem."""
    schema = {"$ref": _REFERENCE.format(name="Problem")}
    return {"default": {"description": "An error.", "content": {problems.MEDIA_TYPE: {"schema": schema}}}}


def takes(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """What to tell FastAPI of a request body that is decoded by msgspec."""
    schema = {"$ref": _REFERENCE.format(name=struct.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description, as JSON's types; equal for equal code."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, components = msgspec.json.schema_components(_STRUCTS, ref_template=_REFERENCE)
        found["components"] = {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        }
        found["security"] = [{"token": []}, {}]
        for operations in found["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        app.openapi_schema = found
    return app.openapi_schema


def _sentence(struct: type) -> str:
    return (inspect.getdoc(struct) or struct.__name__).partition("\n\n")[0].replace("\n", " ")
