"""Where slow calls spend what they take beyond the usual."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import CORES, GATEWAY, LOOP, THREADS, sample

from tracetune.tuning.queues.observed import Names, Observed, observe
from tracetune.tuning.queues.slow_calls import ITSELF, ON_THE_WAY, Excess, excesses
from tracetune.tuning.queues.structure import Structure, find_structure


def _seen() -> tuple[Observed, Structure, Names]:
    observed, names = observe(sample())
    structure, observed = find_structure(observed)
    return observed, structure, names


def _of(service: int, observed: Observed, structure: Structure, names: Names) -> Excess:
    return excesses(observed, structure, names)[names.services.index(f"s{service}")]


def test_a_service_that_calls_nobody_is_slow_by_itself() -> None:
    found = _of(LOOP, *_seen())

    assert found.largest()[0] == ITSELF
    assert found.itself == pytest.approx(found.total, rel=0.02)


def test_a_gateway_that_does_little_itself_is_slow_by_what_it_calls() -> None:
    observed, structure, names = _seen()
    found = _of(GATEWAY, observed, structure, names)

    assert found.itself < 0.1 * found.total
    assert sum(found.in_callee.values()) == pytest.approx(found.total - found.itself - found.way, rel=0.05)
    assert set(found.in_callee) == {names.services.index(f"s{service}") for service in (LOOP, THREADS, CORES)}


def test_a_slow_network_for_some_of_the_time_is_no_queue() -> None:
    observed, structure, names = _seen()
    late = (observed.service == names.services.index(f"s{LOOP}")) & (observed.sent > np.median(observed.sent))
    slowed = observed._replace(returned=np.where(late, observed.returned + 0.2, observed.returned))

    found = _of(LOOP, slowed, structure, names)

    assert found.largest()[0] == ON_THE_WAY
    assert not found.way_is_queue


def test_a_wait_before_the_span_that_follows_the_calls_under_way_is_a_queue() -> None:
    observed, structure, names = _seen()
    mine = np.flatnonzero(observed.service == names.services.index(f"s{LOOP}"))
    mine = mine[np.argsort(observed.sent[mine])]
    gone = np.sort(observed.returned[mine])
    there = np.arange(len(mine)) - np.searchsorted(gone, observed.sent[mine])
    returned = observed.returned.copy()
    returned[mine] += 0.05 * there

    assert _of(LOOP, observed._replace(returned=returned), structure, names).way_is_queue


def test_a_few_calls_say_nothing() -> None:
    observed, structure, names = _seen()
    few = observed.service == names.services.index(f"s{LOOP}")
    few[np.flatnonzero(few)[:50]] = False

    found = excesses(observed._replace(is_served=observed.is_served & ~few), structure, names)

    assert names.services.index(f"s{LOOP}") not in found
