from __future__ import annotations

from dataclasses import replace

import numpy as np

from tracetune.domain.analysis import Ingested, Learned
from tracetune.domain.anomalies import AnomalyKind, Incident, Severity
from tracetune.domain.causes import CauseRanking
from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.headline import headline
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import SpanBatch

INGESTED = Ingested(MinuteBatch.empty(), (), 900, 90, 3, 1, 2, (), SpanBatch.empty())
NOTHING = Forecast((), Metric.CALLS, 0, 0, np.zeros((0, 0, len(QUANTILES))), ())
LEARNED = Learned(SeriesBatch.from_minutes(MinuteBatch.empty()), {Metric.CALLS: NOTHING}, ())
NOON = 29_000_880 - 29_000_880 % 1440 + 720


def _incident(name: str, severity: Severity = Severity.CRITICAL, end: int | None = None) -> Incident:
    return Incident(name, (), AnomalyKind.SLOWER, severity, NOON, end)


def _ranking(name: str, sentence: str) -> CauseRanking:
    return CauseRanking(name, sentence, (), None, 0.0, 0.0, ())


def test_nothing_read_is_said_first() -> None:
    empty = replace(INGESTED, spans=0, traces=0)

    assert headline(empty, LEARNED, (), {}) == "No usable spans were found."


def test_too_short_to_judge_is_not_called_normal() -> None:
    unlearned = replace(LEARNED, forecasts={})

    assert headline(INGESTED, unlearned, (), {}) == "3 services in 90 traces: too short to say what is normal."


def test_quiet_day_is_one_sentence_with_the_minor_departures_counted() -> None:
    minor = [_incident("INC-1", Severity.MINOR)]

    assert headline(INGESTED, LEARNED, minor, {}) == "All 3 services are as expected; 1 minor departure."


def test_ended_incident_is_dated_from_onset_to_end() -> None:
    rankings = {"INC-1": _ranking("INC-1", "GET /checkout is slow because of payments")}

    sentence = headline(INGESTED, LEARNED, [_incident("INC-1", end=NOON + 50)], rankings)

    assert sentence == "GET /checkout is slow because of payments (12:00–12:50)."


def test_second_incident_joins_the_sentence() -> None:
    rankings = {
        "INC-1": _ranking("INC-1", "Checkout is slow because of payments"),
        "INC-2": _ranking("INC-2", "Traffic rose 2.1×"),
    }

    sentence = headline(INGESTED, LEARNED, [_incident("INC-1"), _incident("INC-2")], rankings)

    assert sentence == "Checkout is slow because of payments (since 12:00); traffic rose 2.1× (since 12:00)."


def test_many_incidents_are_counted() -> None:
    incidents = [_incident(f"INC-{number}") for number in range(5)]
    rankings = {each.id: _ranking(each.id, "GET /cart is slow because of redis") for each in incidents}

    sentence = headline(INGESTED, LEARNED, incidents, rankings)

    assert sentence == "GET /cart is slow because of redis (since 12:00); 4 more incidents."
