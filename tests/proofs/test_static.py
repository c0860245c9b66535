from __future__ import annotations

import numpy as np
import pytest

from tracetune.domain.minutes import MinuteBatch
from tracetune.errors import InvalidInput
from tracetune.proofs.static import Rule, Watched, alarms, found_rules, objectives, parse, tightest
from tracetune.testing.build import DAY_START_UNIX_NANO, build
from tracetune.traces.summarise import summarise

START = DAY_START_UNIX_NANO // 60_000_000_000


def _watched(milliseconds: list[int], *, calls: int = 5, failing: int = 0) -> Watched:
    """A minute for each duration, in which every call took that long; 0 for a minute without spans."""
    batches = []
    for minute, duration in enumerate(milliseconds):
        for call in range(calls if duration else 0):
            flag = " error" if call < failing else ""
            text = f"shop GET /order {minute * 60_000 + call * 5_000}ms +{duration}ms kind=server{flag}"
            batches.append(summarise(build(text)).minutes)
    return Watched(MinuteBatch.merge(batches), range(START, START + len(milliseconds)))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("frontend p95>500ms", Rule("frontend", "", "p95", above=True, limit=0.5)),
        ("checkout errors > 2%", Rule("checkout", "", "errors", above=True, limit=0.02)),
        ("cart calls<10/min", Rule("cart", "", "calls", above=False, limit=10)),
        ("cart calls<2/s for 5m", Rule("cart", "", "calls", above=False, limit=120, minutes=5)),
        ("shop GET /p95 p50>1.5s for 2 min", Rule("shop", "GET /p95", "p50", above=True, limit=1.5, minutes=2)),
    ],
)
def test_a_threshold_is_read_as_it_is_written(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frontend", "cannot be read"),
        ("p95>500ms", "cannot be read"),
        ("frontend p95>500", "cannot be read"),
        ("frontend p95>-5ms", "cannot be read"),
        ("frontend p95>5%", "measures p95 in %"),
        ("frontend errors>5ms", "measures errors in ms"),
        ("frontend p95>5ms for 0m", "must hold for a minute"),
    ],
)
def test_a_threshold_that_cannot_be_read_shows_how_to_write_one(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as raised:
        parse(text)

    assert "'frontend p95>500ms'" in raised.value.hint


def test_an_alarm_rings_at_the_end_of_the_minute_that_makes_it_long_enough() -> None:
    watched = _watched([100, 100, 600, 600, 600, 100])

    (alarm,) = alarms(parse("shop p95>500ms for 2m"), watched, watched.period)

    assert (alarm.at - START, alarm.start - START, alarm.end - START) == (4, 2, 5)
    assert alarm.about.startswith("shop p95>500 ms for 2m: 6")


def test_only_minutes_that_are_judged_ring() -> None:
    watched = _watched([600, 600, 100, 100])

    assert alarms(parse("shop p95>500ms"), watched, range(START + 2, START + 4)) == []


def test_minutes_without_any_span_ring_for_nothing() -> None:
    watched = _watched([100, 0, 100])

    assert alarms(parse("shop calls<1/min"), watched, watched.period) == []


def test_few_calls_have_no_quantile_to_ring_for() -> None:
    watched = _watched([600, 600], calls=2)

    assert alarms(parse("shop p95>500ms"), watched, watched.period) == []


def test_errors_are_a_ratio_of_the_calls() -> None:
    watched = _watched([100, 100], calls=10, failing=1)

    assert alarms(parse("shop errors>9%"), watched, watched.period) != []
    assert alarms(parse("shop errors>11%"), watched, watched.period) == []


def test_a_rule_on_a_service_that_is_not_there_lists_those_that_are() -> None:
    watched = _watched([100])

    with pytest.raises(InvalidInput, match="no service 'shopp'") as raised:
        watched.values(parse("shopp p95>500ms"))
    with pytest.raises(InvalidInput, match="no operation of shop 'GET /x'"):
        watched.values(parse("shop GET /x p95>500ms"))

    assert raised.value.hint == "there are: shop"


def test_the_tightest_rule_is_silent_where_it_was_found_and_hardly_above_it() -> None:
    watched = _watched([100, 200, 200, 200, 200, 200, 100, 900])
    calm = np.ones(8, np.bool_)

    rule = tightest("shop", "GET /order", "p95", watched, calm)

    assert rule is not None
    assert alarms(rule, watched, watched.period) == []
    assert 0.19 < rule.limit <= 0.22
    assert rule.minutes == 5


def test_rules_are_found_for_latency_and_errors_of_each_operation() -> None:
    watched = _watched([100] * 8)

    found = found_rules([("shop", "GET /order")], watched, np.ones(8, np.bool_))

    assert [rule.signal for rule in found] == ["p95", "errors"]
    assert found_rules([("shop", "GET /order")], watched, np.zeros(8, np.bool_)) == ()


def test_objectives_are_upper_bounds_of_p99() -> None:
    assert objectives("GET /checkout p99<800ms; shop GET /x p99 < 0.3s;") == {"GET /checkout": 0.8, "shop GET /x": 0.3}
    assert objectives("") == {}


@pytest.mark.parametrize("text", ["GET /x p95<1s", "GET /x p99>1s", "GET /x p99<1s for 5m"])
def test_other_rules_are_no_objectives(text: str) -> None:
    with pytest.raises(InvalidInput, match="not an upper bound of p99"):
        objectives(text)
