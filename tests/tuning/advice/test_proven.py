"""How far what went on at once without waiting reaches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tuning.queue_data import LOOP, model

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.domain.whatif import Status
from tracetune.tuning.advice.proven import within_proven

STATION = replace(
    model().stations[LOOP],
    service_name="gate",
    status=Status.NO_QUEUEING_SEEN,
    replicas=2,
    least_slots=6,
    work_seconds=0.1,
    peak_calls_per_second=5.0,
)
MORE = Advice("gate", "", Knob.REPLICAS, Action.SET, "replicas", 2, 2, 3, 3, Confidence.HIGH, ("Set gate to 3", "why"))


def test_a_load_that_needs_no_more_at_once_than_was_seen_keeps_the_replicas() -> None:
    found = within_proven(MORE, [STATION], {"gate": (10.0, "forecast")})

    assert (found.action, found.target) == (Action.KEEP, 2)
    assert found.reasons[0] == "Keep 2 replicas of gate"
    assert found.reasons[1] == (
        "one replica had 6 at work at once and none waited; the load to come (10/s, forecast) brings 2.6 at most"
    )
    assert found.confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("station", "load"),
    [
        (STATION, 13.0),  # more than 1.25 times what a replica has carried
        (replace(STATION, least_slots=2), 10.0),  # a burst would want more at once than was ever seen
        (replace(STATION, status=Status.UNEXPLAINED), 10.0),
    ],
)
def test_beyond_what_was_seen_the_advice_stays(station: object, load: float) -> None:
    assert within_proven(MORE, [station], {"gate": (load, "forecast")}) is MORE  # type: ignore[list-item]


def test_advice_that_asks_for_no_more_stays() -> None:
    keep = replace(MORE, action=Action.KEEP, target=2)

    assert within_proven(keep, [STATION], {"gate": (10.0, "forecast")}) is keep
