"""Self time: the union of children is taken off once, and only within the parent."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tracetune.traces.selftime import self_times
from tracetune.traces.tree import Children


def self_time(parent: tuple[int, int], children: list[tuple[int, int]]) -> int:
    intervals = [parent, *sorted(children, key=lambda interval: -interval[1])]
    start, end = (np.array(times, np.int64) for times in zip(*intervals, strict=True))
    offsets = np.array([0] + [len(children)] * len(intervals), np.int32)
    rows = np.arange(1, len(intervals), dtype=np.int32)
    return int(self_times(start, end, Children(offsets, rows))[0])


def test_overlapping_children_are_taken_off_once() -> None:
    assert self_time((0, 100), [(10, 40), (30, 60)]) == 50


def test_only_the_part_of_a_child_within_its_parent_is_taken_off() -> None:
    assert self_time((10, 100), [(0, 20), (90, 500), (200, 300)]) == 70


def test_a_child_inside_another_changes_nothing() -> None:
    assert self_time((0, 100), [(10, 60), (20, 30)]) == 50


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 15)), max_size=8))
def test_self_time_is_the_count_of_moments_without_a_child(drawn: list[tuple[int, int]]) -> None:
    children = [(start, start + length) for start, length in drawn]

    own = self_time((5, 25), children)

    free = [moment for moment in range(5, 25) if not any(start <= moment < end for start, end in children)]
    assert own == len(free)
