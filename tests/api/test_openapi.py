from __future__ import annotations

import runpy
from pathlib import Path

from fastapi import FastAPI

from tracetune.api.openapi import describe

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_description_equals_the_code() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "openapi.py"))

    assert script["FILE"].read_text("utf-8") == script["text"](), "run: make docs"


def test_every_reference_in_the_description_leads_somewhere(app: FastAPI) -> None:
    found = describe(app)
    known = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}

    assert _references(found) - known == set()


def test_every_route_says_what_it_gives_and_how_it_fails(app: FastAPI) -> None:
    for path, operations in describe(app)["paths"].items():
        for operation in operations.values():
            assert operation.get("description") or operation.get("summary"), path
            good = [answer for status, answer in operation["responses"].items() if str(status).startswith("2")]
            assert good, path
            assert all(answer["description"] for answer in good), path


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(each) for each in value))
    return set()
