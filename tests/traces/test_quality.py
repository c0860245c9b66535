"""Problems of span data, counted with their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracetune.domain.quality import Finding
from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.traces.quality import Problems
from tracetune.traces.summarise import summarise

Spans = Callable[..., SpanBatch]
LABELLED = {"instance": "pod-1", "service_version": "v1"}


def found(batch: SpanBatch) -> dict[str, Finding]:
    return {finding.code: finding for finding in summarise(batch).findings()}


def test_good_spans_give_no_finding(spans: Spans) -> None:
    assert found(spans(LABELLED, {"id": 2, "parent": 1, **LABELLED})) == {}


def test_orphans_loops_and_missing_labels_are_found_with_their_services(spans: Spans) -> None:
    batch = spans({}, {"id": 2, "parent": 9, "service": "cart"}, {"id": 3, "parent": 3, "service": "pay"})

    findings = found(batch)

    assert (findings["orphan_span"].count, findings["orphan_span"].total) == (1, 3)
    assert findings["orphan_span"].where == ("cart",)
    assert findings["cycle"].where == ("pay",)
    assert findings["no_instance"].count == findings["no_service_version"].count == 3


def test_a_trace_with_several_roots_counts_once_and_names_their_services(spans: Spans) -> None:
    finding = found(spans({}, {"id": 2, "service": "cart"}, {"trace": 2}))["multiple_roots"]

    assert (finding.count, finding.total, finding.where) == (1, 2, ("cart", "shop"))


def test_children_that_outlast_their_parents_are_found_but_consumers_are_not(spans: Spans) -> None:
    late: dict[str, Any] = {"parent": 1, "start": 50, "end": 5_000, **LABELLED}
    batch = spans(LABELLED, {"id": 2, **late}, {"id": 3, **late, "kind": SpanKind.CONSUMER})

    assert found(batch)["child_outlasts_parent"].count == 1


def test_samplers_below_one_are_found(spans: Spans) -> None:
    tags = [
        ("probabilistic", "0.1"),
        ("probabilistic", "1"),
        ("const", "true"),
        ("ratelimiting", "2"),
        ("probabilistic", "x"),
    ]
    rows = (
        {"id": at, "attributes": {"sampler.type": kind, "sampler.param": param}}
        for at, (kind, param) in enumerate(tags, 1)
    )

    assert found(spans(*rows))["sampled"].count == 2


def test_names_that_differ_in_their_ids_only_are_found_with_their_template(spans: Spans) -> None:
    orders = ({"id": at, "name": f"GET /api/v1/orders/{at}", **LABELLED} for at in range(1, 13))
    words = ({"id": at, "name": f"word{at}", **LABELLED} for at in range(20, 40))

    finding = found(spans(*orders, *words))["ids_in_names"]

    assert (finding.count, finding.where) == (12, ("shop",))
    assert finding.detail == "shop: 12 names like GET /api/v1/orders/{id}"


def test_problems_add_up() -> None:
    one, other = Problems(), Problems()
    one.add("cycle", 2, "shop")
    other.add("cycle", 3, "cart")

    one.update(other)

    assert one.counts["cycle"] == 5
    assert one.places == {("cycle", "shop"): 2, ("cycle", "cart"): 3}
