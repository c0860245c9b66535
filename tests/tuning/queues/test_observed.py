"""Calls of a sample joined with their callers, in trace order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.tuning.queue_data import requests, sample

from tracetune.domain.calls import CallSample
from tracetune.tuning.queues.observed import observe


def test_every_call_finds_its_caller_whatever_the_order_of_rows() -> None:
    table = sample().table
    shuffled = CallSample(table.take(pa.array(np.random.default_rng(1).permutation(len(table)))))

    observed, names = observe(shuffled)

    assert names.services == ("s0", "s1", "s2", "s3")
    assert names.lost_parents == 0
    assert len(observed.trace_offset) - 1 == (requests().parent < 0).sum()
    has = observed.parent >= 0
    assert (observed.parent[has] < np.flatnonzero(has)).all()
    assert (observed.arrived[observed.parent[has]] <= observed.sent[has]).all()
    assert {
        (names.services[a], names.services[b])
        for a, b in zip(observed.service[observed.parent[has]], observed.service[has], strict=True)
    } == {
        ("s0", "s1"),
        ("s0", "s2"),
        ("s0", "s3"),
        ("s2", "s3"),
    }


def test_children_stand_in_the_order_in_which_they_were_sent() -> None:
    observed, _ = observe(sample())

    for call in range(200):
        children = observed.child[observed.child_offset[call] : observed.child_offset[call + 1]]
        assert (np.diff(observed.sent[children]) >= 0).all()
        assert (observed.parent[children] == call).all()


def test_calls_that_came_twice_count_once_and_lost_callers_are_counted() -> None:
    table = sample().table
    has_caller = np.array([parent != bytes(8) for parent in table["parent_call_id"].to_pylist()])
    twice = CallSample(pa.concat_tables([table, table]).unify_dictionaries().combine_chunks())
    rootless = CallSample(table.filter(pa.array(has_caller)).combine_chunks())

    assert len(observe(twice)[0].parent) == len(table)
    assert observe(rootless)[1].lost_parents == pytest.approx(len(observe(rootless)[0].trace_offset) * 2.7, rel=0.05)


def test_an_empty_sample_has_no_calls() -> None:
    observed, names = observe(CallSample.empty())

    assert len(observed.parent) == 0
    assert names.services == ()
