"""Explanations of a simulated shop whose truth is known, from spans to sentences."""

from __future__ import annotations

import pytest

from tracetune.causes.ranking import rank
from tracetune.domain.analysis import Learned
from tracetune.domain.anomalies import Anomaly, AnomalyKind, Incident, Severity
from tracetune.domain.causes import CauseKind, CauseRanking
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesBatch, SeriesKey
from tracetune.testing.shop import Kind, Truth, shop_day
from tracetune.traces.summarise import summarise

COUNT = 110


def _explained(story: Truth, kind: AnomalyKind, traces_per_minute: float) -> CauseRanking:
    spans = shop_day(1, minutes=COUNT, traces_per_minute=traces_per_minute, stories=(story,))
    minutes = MinuteBatch.merge([summarise(batch).minutes for batch in spans])
    first = minutes.minutes().start
    onset, end = first + story.start_minute + 1, first + story.end_minute
    key = SeriesKey(story.service, story.operation)
    anomaly = Anomaly("a-1", key, kind, Severity.CRITICAL, onset, end, 3.0, 0.4, 0.1, 0.2, 0.3, 100, "as simulated")
    incident = Incident("INC-1", (anomaly,), kind, Severity.CRITICAL, onset, end)
    return rank(
        incident, minutes, Learned(SeriesBatch.from_minutes(minutes), {}, ()), ServiceGraph.from_minutes(minutes)
    )


def test_release_that_slows_one_service_is_found_behind_the_ingress() -> None:
    found = _explained(Truth(Kind.RELEASE, "payments", "POST /authorize", 80, 105), AnomalyKind.SLOWER, 60.0)

    assert found.headline == "POST /checkout is slow because of payments"
    assert (found.causes[0].service_name, found.causes[0].kind) == ("payments", CauseKind.OWN_TIME)
    assert found.causes[0].confidence > 0.8
    assert found.release.startswith("payments v2 at ")
    rises = sum(part.now_seconds - part.usual_seconds for part in found.contributions)
    assert rises == pytest.approx(found.now_seconds - found.usual_seconds, abs=1e-9)


def test_surge_that_queues_is_explained_by_load() -> None:
    story = Truth(Kind.SURGE, "recommendations", "GET /recommendations", 80, 105)

    found = _explained(story, AnomalyKind.LOAD, 110.0)

    assert found.causes[0].kind is CauseKind.LOAD
    assert found.headline.startswith("Traffic to istio-ingressgateway rose 1.")  # 2.2 times a load that falls
    assert "the wait builds up in recommendations" in " ".join(found.causes[0].evidence)
