"""Causes as values."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, asdict

import pytest

from tracetune.domain.causes import Cause, CauseKind, CauseRanking, Contribution
from tracetune.domain.series import SeriesKey

CAUSE = Cause("payments", "Charge", CauseKind.OWN_TIME, 0.91, ("96 % of the rise",), ("request rate unchanged",))


def test_kinds_are_spelled_as_documents_show_them() -> None:
    assert json.dumps(sorted(CauseKind)) == '["errors", "gap", "load", "own_time", "unknown"]'


def test_cause_cannot_be_changed_after_it_was_told() -> None:
    with pytest.raises(FrozenInstanceError):
        CAUSE.confidence = 1.0  # type: ignore[misc]


def test_ranking_is_a_document_of_plain_values() -> None:
    parts = (Contribution("payments", 0.058, 0.226, 0.96),)
    ranking = CauseRanking("INC-1", "slow", (CAUSE,), SeriesKey("web", "GET /"), 0.118, 0.293, parts)

    document = json.loads(json.dumps(asdict(ranking)))

    assert document["causes"][0]["kind"] == "own_time"
    assert document["entry"] == ["web", "GET /"]
    assert document["release"] == ""


def test_ranking_without_an_entry_has_no_duration() -> None:
    ranking = CauseRanking("INC-1", "unknown", (), None, math.nan, math.nan, ())

    assert ranking.entry is None
    assert math.isnan(ranking.usual_seconds)
