"""The truth for estimators: means of the distributions, calls along the graph, and where each service is full."""

from __future__ import annotations

import math

import msgspec
import pytest

from tracetune_lab.capacities import ServiceTruth, capacities
from tracetune_lab.grid import load_grid
from tracetune_lab.topology import Topology
from tracetune_lab.topology_files import load_topology

CHAIN = """
name: chain
description: a calls b, in parallel and after a cache
entry: {service: a, mix: {GET /x: 3, GET /z: 1}}
services:
  a:
    operations:
      GET /x:
        - parallel: [{call: {to: b, operation: GET /y, probability: 0.5}}, {call: {to: b, operation: GET /y}}]
      GET /z:
        - cache: {hit_ratio: 0.75, miss: [{work: {median_seconds: 1, sigma: 0}}, {call: {to: b, operation: GET /y}}]}
  b:
    replicas: 2
    pool: {slots: 3, held: request}
    operations: {GET /y: [{work: {median_seconds: 0.02, sigma: 0.5}}]}
"""


def truths_of(text: str) -> dict[str, ServiceTruth]:
    topology = msgspec.yaml.decode(text, type=Topology)
    return {truth.service: truth for truth in capacities(topology)}


def test_calls_are_followed_through_parallel_steps_probabilities_and_caches() -> None:
    called = truths_of(CHAIN)["b"].operations["GET /y"].calls_per_entry_request

    assert called == pytest.approx(0.75 * 1.5 + 0.25 * 0.25)


def test_work_is_the_mean_of_its_distribution_and_a_caches_by_its_misses() -> None:
    truths = truths_of(CHAIN)

    assert truths["b"].operations["GET /y"].mean_work_seconds == pytest.approx(0.02 * math.exp(0.125))
    assert truths["a"].operations["GET /z"].mean_work_seconds == pytest.approx(0.25)


def test_leaf_is_full_where_all_its_slots_are_always_taken() -> None:
    leaf = truths_of(CHAIN)["b"]

    calls, work = 0.75 * 1.5 + 0.25 * 0.25, 0.02 * math.exp(0.125)
    assert leaf.is_leaf
    assert leaf.saturates_at_entry_rps == pytest.approx(2 * 3 / (calls * work))


def test_slots_held_while_others_answer_have_no_known_end() -> None:
    checkout = next(truth for truth in capacities(load_topology("shop")) if truth.service == "checkout")

    assert (checkout.held, checkout.is_leaf, checkout.saturates_at_entry_rps) == ("request", False, None)


def test_slots_that_are_shared_do_not_grow_with_replicas() -> None:
    stock = next(truth for truth in capacities(load_topology("limits")) if truth.service == "stock")

    assert (stock.replicas, stock.shared) == (3, True)
    assert stock.saturates_at_entry_rps == pytest.approx(2 / (0.25 * 0.120 * math.exp(0.125)))


def test_busiest_points_of_the_sweep_stay_under_what_payment_can_do() -> None:
    grid = load_grid()

    for point in (point for setting in grid.points() for point in setting):
        truths = capacities(grid.topology_at(point.replicas), grid.mix)
        ends = [truth.saturates_at_entry_rps for truth in truths if truth.saturates_at_entry_rps]
        assert point.rate_rps < 0.9 * min(ends)
