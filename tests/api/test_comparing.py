from __future__ import annotations

import dataclasses
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient
from tests.api.conftest import local_client

from tracetune.api.app import create_app
from tracetune.api.comparing import MOST_CALLS, compare, ranked
from tracetune.api.snapshots import Shown, fixed
from tracetune.domain.analysis import Analysis
from tracetune.domain.minutes import EXEMPLARS
from tracetune.domain.spans import SpanBatch, SpanKind
from tracetune.errors import NotFound

OLD, NEW = "4.17.2", "4.18.0"


@pytest.fixture(scope="module")
def released(shop: Analysis) -> Analysis:
    """The day, where every minute kept a slow and a usual call of payments, and the slow ones of the incident are new."""
    incident = shop.incidents[0]
    first, last = incident.onset, incident.end or 0
    exemplars: list[dict[str, Any]] = []
    spans: list[dict[str, Any]] = []
    for minute in range(first - 60, last + 60):
        for is_slowest in (True, False):
            number = 2 * minute + is_slowest
            trace, span, root = (number.to_bytes(size, "big") for size in (16, 8, 8))
            root = b"r" + root[1:]
            during = first <= minute < last
            duration = (400 if is_slowest else 100) if during else (110 if is_slowest else 70)
            start = minute * 60 * 10**9
            exemplars.append(
                {
                    "minute": minute,
                    "service_name": "payments",
                    "span_name": "Authorize",
                    "trace_id": trace,
                    "span_id": span,
                    "duration_nano": duration * 10**6,
                    "is_slowest": is_slowest,
                }
            )
            common = {"trace_id": trace, "start_time_unix_nano": start, "kind": SpanKind.SERVER}
            spans.append(
                common
                | {
                    "span_id": root,
                    "name": "PlaceOrder",
                    "service_name": "checkout",
                    "end_time_unix_nano": start + 500 * 10**6,
                }
            )
            spans.append(
                common
                | {
                    "span_id": span,
                    "parent_span_id": root,
                    "name": "Authorize",
                    "service_name": "payments",
                    "service_version": NEW if during and is_slowest else OLD,
                    "instance": f"payments-{minute % 2}",
                    "end_time_unix_nano": start + duration * 10**6,
                    "attributes": {"k8s.node.name": f"node-{minute % 3}", "http.route": f"/{number}"},
                }
            )
    minutes = dataclasses.replace(shop.ingested.minutes, exemplars=pa.Table.from_pylist(exemplars, schema=EXEMPLARS))
    ingested = dataclasses.replace(shop.ingested, minutes=minutes, exemplars=SpanBatch.from_rows(spans))
    return dataclasses.replace(shop, ingested=ingested)


def test_the_release_stands_first_and_what_is_equal_is_said_to_be(released: Analysis) -> None:
    shown = Shown(fixed(released).current())

    found = compare(shown, shown.held, "payments")

    first = found.rows[0]
    assert (first.attribute, first.value, first.differs) == ("service.version", NEW, True)
    assert (first.slow_share, first.usual_share) == (1.0, 0.0)
    assert 40 <= found.slow_calls <= 60
    assert 200 <= found.usual_calls <= MOST_CALLS
    others = {row.attribute for row in found.rows[1:]}
    assert others == {"instance", "k8s.node.name"}
    assert not any(row.differs for row in found.rows[1:])


def test_what_is_equal_in_every_call_and_what_differs_in_each_is_left_out(released: Analysis) -> None:
    shown = Shown(fixed(released).current())

    names = {row.attribute for row in compare(shown, shown.held, "payments").rows}

    assert "called by" not in names  # always checkout
    assert "http.route" not in names  # another in each call


def test_usual_is_compared_with_what_lies_outside_the_window(released: Analysis) -> None:
    client = local_client(create_app(fixed(released)))
    incident = client.get("/api/v1/incidents").json()[-1]

    found = client.get("/api/v1/services/payments/compare", params={"from": incident["onset"]}).json()

    assert found["service_name"] == "payments"
    assert found["usual_calls"] > 0


def test_a_service_without_kept_calls_has_no_rows(client: TestClient) -> None:
    found = client.get("/api/v1/services/catalog-db/compare").json()

    assert (found["slow_calls"], found["rows"]) == (0, [])


def test_a_service_that_is_not_known_is_said(shown: Shown) -> None:
    with pytest.raises(NotFound):
        compare(shown, shown.held, "paymints")


def test_few_calls_that_agree_prove_nothing() -> None:
    rows = ranked([{"version": "2"}] * 2, [{"version": "1"}, {"version": "2"}, {"version": "1"}])

    assert [row.differs for row in rows] == [False]


def test_an_attribute_that_some_calls_lack_is_compared_as_not_given() -> None:
    rows = ranked([{"a": "1", "retry": "yes"}] * 30, [{"a": "1"}] * 30)

    assert [(row.attribute, row.value, row.differs) for row in rows] == [("retry", "yes", True)]
