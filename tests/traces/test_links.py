"""Calls between services: pairing, gaps, and callees that send no spans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.traces.columns import TraceColumns
from tracetune.traces.entries import find_entries
from tracetune.traces.links import count_links, pair_calls
from tracetune.traces.tree import find_parents

Spans = Callable[..., SpanBatch]
CLIENT, SERVER, PRODUCER, CONSUMER = SpanKind.CLIENT, SpanKind.SERVER, SpanKind.PRODUCER, SpanKind.CONSUMER


def links(batch: SpanBatch) -> list[dict[str, Any]]:
    columns = TraceColumns.from_spans(batch)
    parents = find_parents(columns)
    calls = pair_calls(columns, parents, find_entries(columns, parents))
    rows: list[dict[str, Any]] = count_links(columns, calls, batch).to_pylist()
    return rows


def test_a_client_and_its_server_are_one_call_with_a_gap(spans: Spans) -> None:
    client = {"kind": CLIENT, "end": 100, "status_code": StatusCode.ERROR}
    server = {"id": 2, "parent": 1, "kind": SERVER, "service": "cart", "name": "add", "start": 10, "end": 80}

    (link,) = links(spans(client, server))

    assert (link["client"], link["server"], link["span_name"], link["connection_type"]) == ("shop", "cart", "add", "")
    assert (link["calls"], link["paired_calls"], link["errors"]) == (1, 1, 1)
    assert (link["client_duration_nano"], link["gap_nano"]) == (100, 30)


def test_a_server_directly_under_another_service_s_server_has_no_gap(spans: Spans) -> None:
    (link,) = links(spans({"kind": SERVER}, {"id": 2, "parent": 1, "kind": SERVER, "service": "cart", "end": 80}))

    assert (link["calls"], link["paired_calls"], link["client_duration_nano"], link["gap"]) == (1, 0, 80, [])


def test_retries_behind_one_client_span_are_calls_without_a_gap(spans: Spans) -> None:
    tries = ({"id": at, "parent": 1, "kind": SERVER, "service": "cart"} for at in (2, 3))

    (link,) = links(spans({"kind": CLIENT}, *tries))

    assert (link["calls"], link["paired_calls"]) == (2, 0)


def test_a_client_span_without_a_server_is_a_call_to_its_peer(spans: Spans) -> None:
    database = {"id": 2, "parent": 1, "kind": CLIENT, "peer": "mysql", "attributes": {"db.system.name": "mysql"}}
    broker = {"id": 3, "parent": 1, "kind": PRODUCER, "peer": "orders"}
    other = {"id": 4, "parent": 1, "kind": CLIENT, "peer": "api.example.com"}
    unknown = {"id": 5, "parent": 1, "kind": CLIENT}

    found = links(spans({"kind": SERVER}, database, broker, other, unknown))

    assert {(link["server"], link["connection_type"]) for link in found} == {
        ("mysql", "database"),
        ("orders", "messaging_system"),
        ("api.example.com", "virtual_node"),
    }


def test_a_call_told_of_by_sdk_and_sidecar_is_counted_once(spans: Spans) -> None:
    sdk = {"kind": CLIENT, "peer": "cart"}
    sidecar = {"id": 2, "parent": 1, "kind": CLIENT, "peer": "cart"}

    (link,) = links(spans(sdk, sidecar))

    assert link["calls"] == 1


def test_a_message_is_a_call_nobody_waits_for(spans: Spans) -> None:
    consumer = {"id": 2, "parent": 1, "kind": CONSUMER, "service": "mail", "start": 500, "end": 900}

    (link,) = links(spans({"kind": PRODUCER, "peer": "queue"}, consumer))

    assert (link["server"], link["connection_type"], link["paired_calls"]) == ("mail", "messaging_system", 0)
    assert link["client_duration_nano"] == 100


def test_a_peer_with_a_service_s_name_is_that_service(spans: Spans) -> None:
    seen = (
        {"kind": PRODUCER, "name": "put"},
        {"id": 2, "parent": 1, "kind": CONSUMER, "service": "mail", "name": "put"},
    )
    unseen = {"trace": 2, "kind": PRODUCER, "peer": "mail", "name": "put"}

    (link,) = links(spans(*seen, unseen))

    assert link["calls"] == 2
