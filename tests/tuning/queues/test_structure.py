"""What each call did in which order."""

from __future__ import annotations

import numpy as np
import pytest
from tests.tuning.queue_data import requests, sample

from tracetune.tuning.queues.observed import observe
from tracetune.tuning.queues.structure import find_structure


def test_calls_side_by_side_and_one_after_the_other_are_told_apart() -> None:
    observed, names = observe(sample())
    structure, observed = find_structure(observed)
    roots = np.flatnonzero(observed.parent < 0)[:300]

    shapes = set()
    for call in roots:
        segments = range(structure.segment_offset[call], structure.segment_offset[call + 1])
        shapes.add(
            tuple(
                (
                    int(structure.needs[segment]),
                    tuple(
                        names.services[observed.service[child]]
                        for child in structure.launched[
                            structure.launch_offset[segment] : structure.launch_offset[segment + 1]
                        ]
                    ),
                )
                for segment in segments
            )
        )

    both = {((0, ("s1", "s2")), (0b11, ("s3",)), (0b111, ())), ((0, ("s2", "s1")), (0b11, ("s3",)), (0b111, ()))}
    without_third = {((0, ("s1", "s2")), (0b11, ())), ((0, ("s2", "s1")), (0b11, ()))}
    assert shapes <= both | without_third
    assert shapes & both
    assert shapes & without_third


def test_segments_and_calls_together_fill_the_call() -> None:
    observed, _ = observe(sample())
    structure, observed = find_structure(observed)
    own = np.add.reduceat(structure.end - structure.start, structure.segment_offset[:-1])
    leaf = np.diff(observed.child_offset) == 0

    assert own[leaf] == pytest.approx((observed.ended - observed.arrived)[leaf])
    assert (own <= observed.ended - observed.arrived + 1e-9).all()
    assert (structure.end >= structure.start).all()


def test_messages_hold_nobody_up_and_take_no_own_work_twice() -> None:
    observed, _ = observe(sample())
    third = observed.service == 3
    late = observed._replace(
        is_awaited=observed.is_awaited & ~third,
        returned=np.where(third, observed.sent + 1e-4, observed.returned),
    )

    structure, late = find_structure(late)

    assert (structure.bit[third] == -1).all()
    own = np.add.reduceat(structure.end - structure.start, structure.segment_offset[:-1])
    assert (own <= late.ended - late.arrived + 1e-9).all()


def test_calls_that_outlast_their_callers_are_not_awaited() -> None:
    observed, _ = observe(sample())
    third = (observed.service == 3) & (observed.parent >= 0)
    late = observed._replace(returned=np.where(third, observed.returned + 1.0, observed.returned))

    _, found = find_structure(late)

    assert not found.is_awaited[third].any()
    assert found.is_awaited[observed.service == 1].all()
    assert requests().parent.min() == -1
