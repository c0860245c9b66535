"""Advice as values."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict, replace

import pytest

from tracetune.domain.advice import Action, Advice, Capacity, Confidence, Knob, foremost

ADVICE = Advice("payments", "bank", Knob.TIMEOUT, Action.SET, "s", 0.8, 0.3, 0.45, 0.6, Confidence.MEDIUM, ("why",))


def test_knobs_and_actions_are_spelled_as_documents_show_them() -> None:
    document = json.loads(json.dumps(asdict(ADVICE)))

    assert (document["knob"], document["action"], document["confidence"]) == ("timeout", "set", "medium")
    assert document["unlock"] == ""


def test_advice_cannot_be_changed_after_it_was_given() -> None:
    with pytest.raises(FrozenInstanceError):
        ADVICE.target = 1.0  # type: ignore[misc]


def test_equal_advice_is_one_member_of_a_set() -> None:
    again = Advice("payments", "bank", Knob.TIMEOUT, Action.SET, "s", 0.8, 0.3, 0.45, 0.6, Confidence.MEDIUM, ("why",))

    assert {ADVICE, again} == {ADVICE}


def test_capacity_of_unnamed_instances_has_no_replicas() -> None:
    capacity = Capacity("payments", None, 41.0, 3.2, 5.0, 9, 60.0)

    assert json.loads(json.dumps(asdict(capacity)))["replicas"] is None


def test_the_foremost_advice_is_on_replicas_to_change_then_to_keep_then_the_first() -> None:
    keep, change = (replace(ADVICE, knob=Knob.REPLICAS, action=action, peer="") for action in (Action.KEEP, Action.SET))

    doubted = replace(
        change, reasons=("set it", "this is for the load to come and does not end the incident: the wait is in cart")
    )
    assert foremost([ADVICE, keep, change]) == change
    assert foremost([doubted, keep, change]) == change
    assert foremost([keep, doubted]) == doubted
    assert foremost([ADVICE, keep]) == keep
    assert foremost([ADVICE]) == ADVICE
    assert foremost([]) is None
