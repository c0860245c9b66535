from __future__ import annotations

from dataclasses import replace

from tests.proofs.test_plot import comparison
from tests.proofs.test_sentences import PAGE, PLAIN

from tracetune.cli import proof_documents
from tracetune.domain.series import SeriesKey
from tracetune.proofs.pages import Score
from tracetune.proofs.power import Caught, OperationPower, Power
from tracetune.proofs.truth import Happening


def test_without_truth_what_cannot_be_counted_is_null() -> None:
    found = proof_documents.backtest(PLAIN)

    assert (found["truth"], found["tracetune"]["hits"], found["static"]["false_pages"]) == (None, None, None)
    assert found["tracetune"]["pages_a_week"] == 14.0


def test_times_are_rfc_3339_and_delays_stand_in_the_order_of_the_faults() -> None:
    side = replace(PLAIN.tracetune, pages=(PAGE,), score=Score((6, None), 0))

    found = proof_documents.backtest(replace(PLAIN, tracetune=side, happened=(Happening("errors", "a", 100, 120),)))

    assert found["tracetune"]["pages"][0]["at"] == "1970-01-01T01:50:00Z"
    assert (found["tracetune"]["delay_minutes"], found["tracetune"]["misses"]) == ([6, None], 1)
    assert found["truth"][0] == {
        "kind": "errors",
        "service": "a",
        "start": "1970-01-01T01:40:00Z",
        "end": "1970-01-01T02:00:00Z",
        "is_fault": True,
    }


def test_an_operation_that_is_never_caught_has_no_smallest_size() -> None:
    each = OperationPower(SeriesKey("cart", ""), 12.0, (Caught(2.0, (9, 5), 8),))

    (found,) = proof_documents.power(Power(0, 720, 1440, 20, (800,), (each,), (each,)))["services"]

    assert (found["span_name"], found["smallest_factor"], found["median_delay_minutes"]) == (None, None, None)
    assert found["sizes"] == [{"factor": 2.0, "caught": 2, "trials": 8, "delay_minutes": [5, 9]}]


def test_histories_carry_their_measures_and_nothing_that_json_lacks() -> None:
    short, _ = comparison().histories

    found = proof_documents.histories(replace(comparison(), histories=(replace(short, mase=float("nan")),)))

    (history,) = found["histories"]
    assert (history["history"], history["minutes"], history["mase"], history["found"]) == ("30m", 30, None, 20)
