"""The what-ifs of a report: numbers that equal the answers, and no more of them than a page can carry."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tracetune.domain.advice import foremost
from tracetune.domain.analysis import Analysis
from tracetune.domain.whatif import (
    Ask,
    Bounded,
    EndpointOutlook,
    Grid,
    Latency,
    Refusal,
    Refused,
    ServiceOutlook,
    WhatIf,
)
from tracetune.sinks.whatifs import MOST_ENDPOINTS, what_ifs

LOADS, COUNTS = (0.5, 1.0, 2.0), (2, 4)


def _latency(seconds: float) -> Latency:
    return Latency(*(Bounded(seconds * much, seconds * much * 0.9, seconds * much * 1.2) for much in (1, 2, 3)))


def _answer(load: float, count: int, endpoints: int = 2) -> WhatIf:
    refused = Refused(
        Refusal.SATURATED, "payments", "payments would need 130 % of its slots", "more replicas of payments"
    )
    full = load / count > 0.8
    outlooks = tuple(
        EndpointOutlook("front", f"GET /{n}", load * (10 + n), _latency(0.1), None if full else _latency(0.1 * load))
        for n in range(endpoints)
    )
    services = (
        ServiceOutlook("front", 3, load * 30, None, float("nan"), float("nan")),
        ServiceOutlook("payments", count, load * 8, None, load / count, 10.0 * count),
    )
    replicas = {} if count == 2 else {"payments": count}
    return WhatIf(
        Ask(load, replicas), load * 30, bool(full), outlooks, services, (refused,) if full else (), f"{load} {count}"
    )


def _grid(endpoints: int = 2) -> Grid:
    answers = tuple(_answer(load, count, endpoints) for load in LOADS for count in COUNTS)
    return Grid("payments", 2, 4, LOADS, COUNTS, answers)


def test_every_answer_stands_at_its_load_and_replicas_with_the_same_numbers(shop: Analysis) -> None:
    found = what_ifs(replace(shop, what_ifs=_grid()))

    assert found is not None
    assert [answer.sentence for answer in found.answers] == ["0.5 2", "0.5 4", "1.0 2", "1.0 4", "2.0 2", "2.0 4"]
    latency = found.answers[5].latency
    assert latency is not None
    assert latency[0] == pytest.approx([0.2, 0.18, 0.24, 0.4, 0.36, 0.48, 0.6, 0.54, 0.72])
    assert found.answers[5].busy == [0.5]


def test_what_is_per_load_and_per_replica_is_given_once_for_the_load_of_one_and_the_present_replicas(
    shop: Analysis,
) -> None:
    found = what_ifs(replace(shop, what_ifs=_grid()))

    assert found is not None
    assert [(each.span_name, each.calls_per_second) for each in found.endpoints] == [("GET /1", 11), ("GET /0", 10)]
    (payments,) = found.services
    assert (payments.replicas, payments.calls_per_second, payments.saturation_calls_per_second) == (2, 8, 20)


def test_a_refused_answer_has_its_reason_and_no_latency(shop: Analysis) -> None:
    found = what_ifs(replace(shop, what_ifs=_grid()))

    assert found is not None
    refused = found.answers[4]
    assert refused.latency is None
    assert [found.refusals[place].said for place in refused.refusals] == ["payments would need 130 % of its slots"]
    assert found.refusals[0].is_final


def test_the_link_is_on_the_advice_that_is_said_first(shop: Analysis) -> None:
    found = what_ifs(replace(shop, what_ifs=_grid()))

    assert found is not None
    assert shop.advice[found.advice] == foremost(shop.advice)


def test_many_endpoints_do_not_make_the_page_heavy(shop: Analysis) -> None:
    found = what_ifs(replace(shop, what_ifs=_grid(endpoints=200)))

    assert found is not None
    assert len(found.endpoints) == MOST_ENDPOINTS
    assert len(msgspec.json.encode(found)) / len(found.answers) < 30_000 / 36


def test_without_answers_there_is_the_reason_and_without_a_grid_nothing(shop: Analysis) -> None:
    refused = what_ifs(replace(shop, what_ifs=Grid("", 0, 0, (), (), (), "only minutes are at hand")))

    assert refused is not None
    assert (refused.reason, refused.answers, refused.endpoints) == ("only minutes are at hand", [], [])
    assert what_ifs(shop) is None
