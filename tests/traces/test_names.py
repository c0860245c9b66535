"""Operation names are capped a service, and the rule that would mend them is found."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from tests.live.parts import trace_of

from tracetune.domain.spans import SpanBatch
from tracetune.traces.names import MOST_SERVICES, NameCap
from tracetune.traces.summarise import summarise


def named(*names: str) -> SpanBatch:
    return SpanBatch.concat([trace_of(0, number, name) for number, name in enumerate(names)])


def shown(spans: SpanBatch) -> Counter[tuple[str, str]]:
    return Counter((row["service_name"], row["name"]) for row in spans.table.to_pylist())


def test_names_within_the_cap_stay() -> None:
    spans = named("a", "b")

    assert NameCap(2).apply(spans).table.equals(spans.table)


def test_further_names_are_other_and_known_ones_stay_known() -> None:
    cap = NameCap(2)
    cap.apply(named("a", "b"))

    found = shown(cap.apply(named("c", "a", "d", "other")))

    assert found == {("shop", "a"): 1, ("shop", "other"): 3, ("payments", "Authorize"): 4}


def test_cap_goes_on_with_what_another_knew() -> None:
    first = NameCap(2)
    first.apply(named("a", "b"))

    second = NameCap(2, first.known())

    assert shown(second.apply(named("c", "b")))["shop", "other"] == 1


def test_minutes_of_capped_spans_have_one_row_for_all_others() -> None:
    capped = NameCap(1).apply(named("a", *(f"name {number}" for number in range(50))))

    rows = summarise(capped).minutes.operations.to_pylist()

    assert {row["span_name"]: row["calls"] for row in rows if row["service_name"] == "shop"} == {"a": 1, "other": 50}


@pytest.mark.parametrize(
    ("names", "template"),
    [
        ([f"GET /user/{number}/cart" for number in range(40)], "GET /user/{id}/cart"),
        ([f"GET /order/{number:032x}" for number in range(40)], "GET /order/{id}"),
        ([f"GET /sku-{number}" for number in range(1000, 1040)], "GET /sku-{id}"),
    ],
)
def test_rule_for_ids_in_names_is_suggested(names: list[str], template: str) -> None:
    cap = NameCap(1)
    cap.apply(named(*names))

    (overflow,) = cap.overflows()

    pattern, _, replacement = overflow.rule.partition(" -> ")
    assert (overflow.service_name, overflow.spans, replacement) == ("shop", 39, template)
    assert all(re.fullmatch(pattern, name) for name in names)


def test_names_without_a_pattern_get_no_rule() -> None:
    cap = NameCap(1)
    cap.apply(named("a", "red", "green", "blue"))

    assert cap.overflows()[0].rule == ""


def test_services_are_capped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_SERVICES > 1000
    monkeypatch.setattr("tracetune.traces.names.MOST_SERVICES", 1)
    cap = NameCap(10)

    found = shown(cap.apply(named("a")))

    assert len({service for service, _ in found}) == 2
    assert "other" in {service for service, _ in found}
