from __future__ import annotations

import dataclasses
import math

import pytest

from tracetune.api.incidents import dismissible, incident_detail, incident_item, listed
from tracetune.api.snapshots import Shown, fixed
from tracetune.domain.analysis import Analysis
from tracetune.domain.notes import Feedback, Marker, Notes, Sending, Silence, SilenceKind
from tracetune.errors import NotFound
from tracetune.sinks.compose import compose

SLOW = "INC-3f9c"


def test_an_incident_says_the_same_as_the_report(shown: Shown, shop: Analysis, now: float) -> None:
    report = next(each for each in compose(shop).incidents if each.id == SLOW)

    detail = incident_detail(shown, SLOW, Notes(), now)

    assert detail.incident.headline == report.headline
    assert detail.contributions == report.contributions
    assert detail.causes == report.causes
    assert (detail.slow, detail.usual) == (report.slow, report.usual)
    assert [each.observed for each in detail.incident.anomalies] == [each.observed for each in report.anomalies]


def test_the_cause_is_named_and_its_anomaly_marked(shown: Shown, now: float) -> None:
    item = incident_item(shown, shown.incidents[SLOW], Notes(), now)

    assert item.cause == "payments"
    assert [each.service_name for each in item.anomalies if each.is_cause] == ["payments"]


def test_load_blames_nobody(shown: Shown, now: float) -> None:
    surge = next(each for each in shown.analysis.incidents if each.kind == "surge")

    item = incident_item(shown, surge, Notes(), now)

    assert item.cause == ""


def test_what_goes_on_has_no_end_and_lasts_until_now(shop: Analysis, now: float) -> None:
    going = dataclasses.replace(shop.incidents[0], end=None)
    shown = Shown(fixed(dataclasses.replace(shop, incidents=(going,))).current())

    item = incident_item(shown, going, Notes(), now)

    assert item.end is None
    assert item.minutes == shown.held.last - going.onset


def test_a_snooze_says_until_when(shown: Shown, now: float) -> None:
    silence = Silence("s-1", SilenceKind.SNOOZE, SLOW, "", now - 60, math.inf, "known", "ada")

    item = incident_item(shown, shown.incidents[SLOW], Notes((silence,)), now)

    assert item.snoozed_until == "resolved"


def test_feedback_dismisses_an_anomaly_at_once(shown: Shown, now: float) -> None:
    first = shown.incidents[SLOW].anomalies[0]
    feedback = Feedback("f-1", first.id, *first.key, first.kind.value, first.score, now, "", "")

    item = incident_item(shown, shown.incidents[SLOW], Notes(feedback=(feedback,)), now)

    assert [each.dismissed for each in item.anomalies] == [True, False, False]
    assert not item.dismissed


def test_the_timeline_tells_in_order_what_was_said_and_done(shown: Shown, now: float) -> None:
    onset = shown.incidents[SLOW].onset * 60.0
    marker = Marker("e-1", onset - 120, "release", "payments 4.18.0", "payments", "")
    silence = Silence("s-1", SilenceKind.SNOOZE, SLOW, "", onset + 600, onset + 4_000, "", "ada")

    sent = [Sending("a-1", SLOW, "webhook", "opened", onset + 300), Sending("a-2", "INC-0", "webhook", "opened", onset)]

    timeline = incident_detail(shown, SLOW, Notes((silence,), (), (marker,), tuple(sent)), now).timeline

    assert [each.kind for each in timeline] == ["release", "release", *3 * ["onset"], "alert", "snooze", "end"]
    assert timeline[0].text == "payments 4.18.0 first seen"
    assert timeline[5].text == "alert sent to webhook"


def test_an_unknown_incident_is_refused_with_those_on_record(shown: Shown, now: float) -> None:
    with pytest.raises(NotFound) as caught:
        incident_detail(shown, "INC-none", Notes(), now)

    assert SLOW in caught.value.hint


def test_incidents_are_chosen_by_time_status_and_service(shown: Shown) -> None:
    every = shown.analysis.incidents

    assert len(listed(every, shown.held, status="all", service="")) == 3
    assert listed(every, shown.held, status="open", service="") == []
    assert [each.id for each in listed(every, shown.held, status="ended", service="payments")] == [SLOW]


def test_an_id_means_an_anomaly_or_all_of_an_incident(shown: Shown) -> None:
    assert [each.id for each in dismissible(shown, "a-000002")] == ["a-000002"]
    assert len(dismissible(shown, SLOW)) == 3
    with pytest.raises(NotFound):
        dismissible(shown, "a-ffffff")
