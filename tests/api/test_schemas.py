from __future__ import annotations

import inspect

import msgspec

from tracetune.api import schemas


def _structs() -> list[type[msgspec.Struct]]:
    return [each for each in vars(schemas).values() if inspect.isclass(each) and issubclass(each, msgspec.Struct)]


def test_every_value_says_what_it_is() -> None:
    assert [each.__name__ for each in _structs() if not inspect.getdoc(each)] == []


def test_every_value_has_a_json_schema() -> None:
    found, components = msgspec.json.schema_components([each for each in _structs() if each is not msgspec.Struct])

    assert {each["$ref"].rpartition("/")[2] for each in found} <= set(components)


def test_numbers_that_are_not_finite_leave_as_null() -> None:
    part = schemas.PathPart("payments", float("nan"), float("inf"), None, "")

    assert msgspec.json.decode(msgspec.json.encode(part)) == {
        "service_name": "payments",
        "usual_seconds": None,
        "now_seconds": None,
        "share_of_rise": None,
        "of_the_rise": "",
    }
