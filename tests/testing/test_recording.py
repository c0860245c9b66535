"""Requests become the spans that both sides of each call record."""

from __future__ import annotations

import numpy as np
import pytest

from tracetune.domain.spans import SpanBatch, SpanKind, StatusCode
from tracetune.testing.queues import simulate
from tracetune.testing.recording import Recording
from tracetune.testing.topology import network, number

MINUTE = 60_000_000_000


@pytest.fixture(scope="module")
def checkout() -> Recording:
    """One checkout, whose payment failed and was handled by the new version."""
    root = np.array([number("istio-ingressgateway", "POST /checkout")])
    requests = simulate(network(), root, np.array([MINUTE]), seed=1)
    payment = requests.operation == number("payments", "POST /authorize")
    return Recording(requests, failed=payment, released=payment, seed=3)


def spans_of(recording: Recording) -> SpanBatch:
    return recording.spans(np.arange(len(recording.requests.operation)))


def test_each_call_has_a_client_span_with_the_server_span_as_its_child(checkout: Recording) -> None:
    rows = spans_of(checkout).table.to_pylist()

    by_id = {row["span_id"]: row for row in rows}
    servers = [row for row in rows if row["kind"] == SpanKind.SERVER and row["parent_span_id"] != bytes(8)]
    assert len(by_id) == len(rows)
    assert len(servers) >= 6
    for server in servers:
        client = by_id[server["parent_span_id"]]
        assert client["kind"] == SpanKind.CLIENT
        assert client["peer"] == server["service_name"] != client["service_name"]
        assert client["start_time_unix_nano"] <= server["start_time_unix_nano"]
        assert client["end_time_unix_nano"] >= server["end_time_unix_nano"]


def test_databases_leave_only_client_spans(checkout: Recording) -> None:
    rows = spans_of(checkout).table.to_pylist()

    insert = next(row for row in rows if row["name"] == "INSERT")
    assert (insert["kind"], insert["service_name"], insert["peer"]) == (SpanKind.CLIENT, "checkout", "orders-db")
    assert ("db.system.name", "postgresql") in insert["attributes"]
    assert not any(row["service_name"] == "orders-db" for row in rows)


def test_messages_are_sent_in_the_request_and_processed_after_it(checkout: Recording) -> None:
    rows = {row["name"]: row for row in spans_of(checkout).table.to_pylist()}

    sent, processed = rows["send order.confirmed"], rows["process order.confirmed"]
    assert (sent["kind"], processed["kind"]) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert processed["parent_span_id"] == sent["span_id"]
    assert processed["start_time_unix_nano"] > sent["end_time_unix_nano"]


def test_failure_shows_on_both_sides(checkout: Recording) -> None:
    rows = spans_of(checkout).table.to_pylist()

    failed = [row for row in rows if row["status_code"] == StatusCode.ERROR]
    assert sorted(row["service_name"] for row in failed) == ["checkout", "payments"]
    assert all(("http.response.status_code", "500") in row["attributes"] for row in failed)


def test_new_version_runs_in_another_pod(checkout: Recording) -> None:
    usual = Recording(checkout.requests, checkout.failed, np.zeros_like(checkout.released), seed=3)

    def pod(recording: Recording) -> tuple[str, str]:
        rows = spans_of(recording).table.to_pylist()
        server = next(row for row in rows if row["service_name"] == "payments")
        return server["service_version"], server["instance"]

    assert pod(checkout)[0] == "v2"
    assert pod(usual)[0] == "v1"
    assert pod(usual)[1] != pod(checkout)[1]
    assert pod(usual)[1].startswith("payments-")


def test_spans_are_in_the_order_of_their_start_in_whole_microseconds(checkout: Recording) -> None:
    start = spans_of(checkout).column("start_time_unix_nano")

    assert (np.diff(start) >= 0).all()
    assert (start % 1000 == 0).all()


def test_seed_changes_the_ids_and_nothing_else(checkout: Recording) -> None:
    other = Recording(checkout.requests, checkout.failed, checkout.released, seed=4)

    one, two = spans_of(checkout).table, spans_of(other).table

    assert not set(one["span_id"].to_pylist()) & set(two["span_id"].to_pylist())
    assert one.drop(["trace_id", "span_id", "parent_span_id"]) == two.drop(["trace_id", "span_id", "parent_span_id"])
