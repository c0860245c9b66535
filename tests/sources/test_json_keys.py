from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracetune.sources.json_keys import key_paths, last_key, top_keys


def test_keys_are_listed_with_the_keys_around_them() -> None:
    head = b'{"data": [{"traceID": "a:{", "spans": [{"x": 1}]}], "total": 0}'

    paths = list(key_paths(head, levels=2))

    assert paths == [("data",), ("data", "traceID"), ("data", "spans"), ("total",), ()]


def test_the_keys_of_the_first_object_only() -> None:
    assert list(top_keys(b'[{"a": {"b": 1}, "c": "\\"d\\": "}, {"e": 1}]')) == ["a", "c"]


def test_a_cut_head_gives_what_it_has() -> None:
    assert list(key_paths(b'{"a": {"b": "unfinis', levels=3)) == [("a",), ("a", "b")]


def test_a_string_without_end_costs_no_more_than_its_length() -> None:
    head = b'{"a": "' + b'x\\"' * 100_000

    assert list(key_paths(head, levels=3)) == [("a",)]


def test_the_last_key_is_told_from_values() -> None:
    assert last_key(b'], "a:": 1, "b" : ["c:", 2, [') == "b"
    assert last_key(b', 17, "c",') is None


@given(st.binary(max_size=300))
def test_arbitrary_bytes_have_some_keys_or_none(head: bytes) -> None:
    assert all(len(path) <= 3 for path in key_paths(head, levels=3))
