"""Questions about attributes, by key and by value."""

from __future__ import annotations

from collections.abc import Callable

from tracetune.domain.spans import SpanBatch
from tracetune.traces.attributes import any_attribute, any_value

Spans = Callable[..., SpanBatch]


def test_a_span_has_an_attribute_if_any_of_its_keys_is_wanted(spans: Spans) -> None:
    batch = spans({"attributes": {"a": "1", "db.system.name": "redis"}}, {}, {"attributes": {"a": "1"}})

    found = any_attribute(batch, lambda key: key.startswith("db."))

    assert found.tolist() == [True, False, False]


def test_a_value_counts_under_its_own_key_only(spans: Spans) -> None:
    batch = spans({"attributes": {"a": "x"}}, {"attributes": {"b": "x"}}, {"attributes": {"a": "y"}})

    assert any_value(batch, "a", "x".__eq__).tolist() == [True, False, False]


def test_a_part_of_a_batch_answers_for_its_own_spans(spans: Spans) -> None:
    batch = spans({"attributes": {"a": "x"}}, {}, {"attributes": {"a": "y"}})
    part = SpanBatch(batch.table.slice(1))

    assert any_attribute(part, "a".__eq__).tolist() == [False, True]


def test_no_spans_have_no_attributes() -> None:
    assert any_attribute(SpanBatch.empty(), "a".__eq__).tolist() == []
