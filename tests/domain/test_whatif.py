"""Answers tell whether they hold a number."""

from __future__ import annotations

from tracetune.domain.whatif import Ask, Refusal, Refused, WhatIf


def _whatif(*refusals: Refused) -> WhatIf:
    return WhatIf(Ask(), 10.0, is_screened=False, endpoints=(), services=(), refusals=refusals, sentence="")


def test_widened_bounds_are_an_answer_and_a_final_refusal_is_none() -> None:
    widened = Refused(Refusal.BEYOND_SEEN, "payment", "never seen at that load", "minutes of that load", is_final=False)
    final = Refused(Refusal.SATURATED, "payment", "would need 104 % of its slots", "more replicas of payment")

    assert _whatif().is_answered
    assert _whatif(widened).is_answered
    assert not _whatif(widened, final).is_answered
