from __future__ import annotations

import inspect

import msgspec

from tracetune.api import data_schemas

STRUCTS = [
    each
    for each in vars(data_schemas).values()
    if inspect.isclass(each) and issubclass(each, msgspec.Struct) and each is not msgspec.Struct
]


def test_every_value_says_what_it_is_and_has_a_json_schema() -> None:
    found, components = msgspec.json.schema_components(STRUCTS)

    assert [each.__name__ for each in STRUCTS if not inspect.getdoc(each)] == []
    assert {each["$ref"].rpartition("/")[2] for each in found} <= set(components)
