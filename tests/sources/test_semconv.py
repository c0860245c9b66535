from __future__ import annotations

import pytest

from tracetune.domain.spans import SpanKind
from tracetune.sources.semconv import ENTRIES, KEPT_ATTRIBUTES, KEPT_KEYS, RESOURCE_INDEX, SPAN_INDEX, kind_of, text_of


def test_no_key_has_two_meanings() -> None:
    assert len(set(KEPT_KEYS)) == len(KEPT_KEYS) == len(ENTRIES)


def test_every_key_counts_in_some_scope_and_does_something() -> None:
    for entry in ENTRIES:
        assert entry.key in SPAN_INDEX or entry.key in RESOURCE_INDEX
        assert entry.target or entry.attribute or entry.verdict("500") or entry.verdict("error")


def test_few_attributes_are_kept() -> None:
    assert len(KEPT_ATTRIBUTES) <= 24


def test_old_and_new_names_are_kept_under_the_new_one() -> None:
    kept = {entry.key: entry.attribute for entry in ENTRIES}

    assert kept["http.method"] == kept["http.request.method"] == "http.request.method"
    assert kept["http.status_code"] == kept["http.response.status_code"] == "http.response.status_code"
    assert kept["db.system"] == kept["db.system.name"] == "db.system.name"


@pytest.mark.parametrize("word", ["server", "SERVER", "Server", "SPAN_KIND_SERVER", "2"])
def test_kinds_are_read_in_every_spelling(word: str) -> None:
    assert kind_of(word) == SpanKind.SERVER


@pytest.mark.parametrize("word", ["", "serving", "7", "SPAN_KIND_UNSPECIFIED"])
def test_other_words_are_no_kind(word: str) -> None:
    assert kind_of(word) == SpanKind.UNSPECIFIED


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (200, "200"),
        (200.0, "200"),
        (0.5, "0.5"),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_values_become_the_same_text_in_every_format(value: object, text: str | None) -> None:
    assert text_of(value) == text


def test_a_number_too_long_for_any_format_is_no_text() -> None:
    assert text_of(10**5000) is None
