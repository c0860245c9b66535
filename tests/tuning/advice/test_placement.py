"""Advice on noisy nodes."""

from __future__ import annotations

from dataclasses import replace

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.placement import placement, with_node
from tracetune.tuning.queues.neighbours import NoisyNode

NODE = NoisyNode("n0", ("cart", "pay"), 120.0, 300.0, 12, 2.2)


def test_a_node_with_no_suspect_asks_to_look_for_one() -> None:
    (found,) = placement([NODE])

    assert (found.knob, found.action, found.unit) == (Knob.PLACEMENT, Action.SET, "n0")
    assert found.reasons[0].startswith("Something on n0 slows cart and pay there")
    assert "for 120 s of 300 s" in found.reasons[1]
    assert found.confidence is Confidence.MEDIUM


def test_a_suspect_is_named_with_the_correlation_that_makes_it_one() -> None:
    (found,) = placement([replace(NODE, suspect="batch", suspect_correlation=0.83)])

    assert found.reasons[0] == "Move batch off n0: it slows cart and pay there"
    assert "0.83" in found.reasons[2]


def test_replicas_of_what_is_slowed_hear_of_the_node() -> None:
    advice = Advice("pay", "", Knob.REPLICAS, Action.KEEP, "replicas", 2, 2, 2, 2, Confidence.HIGH, ("keep it", "why"))

    assert "more replicas help on other nodes only" in with_node(advice, [NODE]).reasons[1]
    assert with_node(replace(advice, target_service="search"), [NODE]).reasons == ("keep it", "why")
    assert with_node(replace(advice, knob=Knob.TIMEOUT), [NODE]).reasons == ("keep it", "why")
