"""The order in which advice is told."""

from __future__ import annotations

from tracetune.domain.advice import Action, Advice, Confidence, Knob
from tracetune.tuning.advice.order import ordered


def _advice(
    service: str,
    knob: Knob = Knob.REPLICAS,
    action: Action = Action.SET,
    *,
    to: tuple[float, float] | None = (2, 3),
    confidence: Confidence = Confidence.HIGH,
    reason: str = "why",
) -> Advice:
    current, target = to or (None, None)
    return Advice(service, "", knob, action, "", current, target, target, target, confidence, (reason,))


def _names(*found: Advice, in_trouble: tuple[str, ...] = (), **weight: float) -> list[str]:
    return [each.target_service for each in ordered(found, in_trouble, weight)]


def test_what_ends_harm_comes_before_what_prevents_it_and_that_before_what_saves() -> None:
    saves = _advice("saves", to=(3, 2))
    prevents = _advice("prevents", Knob.TIMEOUT)
    grows = _advice("grows")
    ends = _advice("ends", Knob.ROLLBACK, to=None)

    assert _names(saves, prevents, grows, ends) == ["ends", "grows", "prevents", "saves"]


def test_of_one_kind_the_sure_the_troubled_and_the_busy_come_first() -> None:
    unsure = _advice("unsure", confidence=Confidence.LOW)

    found = _names(
        unsure, _advice("idle"), _advice("busy"), _advice("hurt"), in_trouble=("hurt",), busy=9.0, unsure=99.0
    )

    assert found == ["hurt", "busy", "idle", "unsure"]


def test_names_settle_what_nothing_else_does() -> None:
    assert _names(_advice("b"), _advice("a")) == ["a", "b"]


def test_what_asks_for_nothing_is_minor_and_last() -> None:
    found = ordered(
        [
            _advice("calm", action=Action.KEEP),
            _advice("unknown", Knob.TIMEOUT, Action.CANNOT_SAY, to=None),
            _advice("smaller", Knob.MEMORY, to=(3, 2)),
        ],
        (),
        {},
    )

    assert [(each.target_service, each.is_minor) for each in found] == [
        ("smaller", False),
        ("calm", True),
        ("unknown", True),
    ]


def test_keeping_what_somebody_is_about_to_add_to_is_said_aloud() -> None:
    vain = _advice(
        "vain", action=Action.KEEP, reason="More replicas of vain will not help, because the wait is in bank"
    )
    hurt = _advice("hurt", action=Action.KEEP, reason="more replicas will not help in the incident")

    assert [each.is_minor for each in ordered([vain, hurt], ("hurt",), {})] == [False, False]
    assert [each.is_minor for each in ordered([hurt], (), {})] == [True]


def test_a_pair_that_has_no_place_yet_is_told_and_not_an_error() -> None:
    assert _names(_advice("new", Knob.SAMPLING, Action.KEEP, to=None), _advice("grows")) == ["grows", "new"]
