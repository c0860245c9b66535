from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracetune.errors import InvalidInput
from tracetune.sources import json_stream
from tracetune.sources.json_stream import split

SPLIT_AT = st.sampled_from([5, 63, 64, 65, 1000])
TEXT = st.text(alphabet='"\\{}[]a\n\u00e9', max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=5)


def objects_of(text: bytes, *keys: str, level: int = 1, chunk_bytes: int = 1 << 19) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK_BYTES", chunk_bytes)
        found = list(split(io.BytesIO(text), keys, level=level))
    for item in found:
        assert text[item.offset : item.offset + len(item.raw)] == bytes(item.raw)
    return [json.loads(bytes(item.raw)) for item in found]


@given(OBJECTS, VALUES, st.sampled_from([None, 1]), st.booleans(), SPLIT_AT)
def test_the_objects_under_a_key_are_those_of_a_whole_decode(
    wanted: list[Any],
    other: Any,
    indent: int | None,
    ascii_only: bool,
    chunk_bytes: int,
) -> None:
    document = {"a": other, "b": [{"data": 1}], "data": wanted, "c": {"data": [{}]}, "d": other}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()

    assert objects_of(text, "data", chunk_bytes=chunk_bytes) == wanted


@given(OBJECTS, st.sampled_from(["list", "lines", "joined"]), SPLIT_AT)
def test_top_level_objects_are_found_in_lists_lines_and_rows(wanted: list[Any], form: str, chunk_bytes: int) -> None:
    texts = [json.dumps(item) for item in wanted]
    text = {"list": json.dumps(wanted), "lines": "\n".join(texts), "joined": "".join(texts)}[form]

    assert objects_of(text.encode(), chunk_bytes=chunk_bytes) == wanted


def test_a_key_two_levels_down_is_found() -> None:
    text = b'{"took": 1, "_shards": {"total": 1}, "hits": {"total": {"value": 2}, "hits": [{"a": 1}, {"b": {}}]}}'

    assert objects_of(text, "hits", level=2) == [{"a": 1}, {"b": {}}]


def test_what_is_no_object_in_a_list_does_not_end_the_list() -> None:
    text = b'{"data": [{"a": 1}, 17, null, {"b": 1}], "other": [1, {"c": 1}]}{"x": {"d": 1}}'

    assert objects_of(text, "data") == [{"a": 1}, {"b": 1}]


def test_a_byte_order_mark_is_no_damage() -> None:
    assert objects_of(b"\xef\xbb\xbf[{}]") == [{}]


@pytest.mark.parametrize(
    ("text", "offset", "before"),
    [
        (b'[{"a":1}, {"b": 2', "byte 10", 1),
        (b'[{"a":1}, {"b": "}', "byte 10", 1),
        (b'[{"a":1}] and more', "byte 10", 1),
        (b'[{"a":1}, null, {"b":2}]', "byte 10", 1),
        (b'{"a":1}}', "byte 7", 1),
    ],
)
def test_damage_is_named_with_its_byte_after_what_was_good(text: bytes, offset: str, before: int) -> None:
    items = split(io.BytesIO(text))
    good = [next(items) for _ in range(before)]

    with pytest.raises(InvalidInput, match=offset):
        next(items)

    assert len(good) == before


def test_an_object_that_is_too_large_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_OBJECT_BYTES", 2 << 20)
    text = b'{"data": [{"a": "' + b"x" * (4 << 20) + b'"}]}'

    with pytest.raises(InvalidInput, match="longer than 2 MiB"):
        list(split(io.BytesIO(text), ("data",)))


def test_objects_under_other_keys_are_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_OBJECT_BYTES", 1 << 20)
    text = b'{"other": {"a": "' + b"x" * (4 << 20) + b'"}, "data": [{"b": 1}]}'

    assert objects_of(text, "data") == [{"b": 1}]


@given(st.binary(max_size=200), SPLIT_AT)
def test_arbitrary_bytes_are_split_or_refused(text: bytes, chunk_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK_BYTES", chunk_bytes)
        for keys in ((), ("data",)):
            with contextlib.suppress(InvalidInput):
                for item in split(io.BytesIO(text), keys):
                    assert bytes(item.raw[:1]) == b"{"
                    assert bytes(item.raw[-1:]) == b"}"
