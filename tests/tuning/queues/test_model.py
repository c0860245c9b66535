"""The model as numbers for the simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.tuning.queue_data import model

from tracetune.domain.whatif import Discipline
from tracetune.tuning.queues.model import as_numbers, with_slots
from tracetune.tuning.queues.templates import LEAST_REQUEST


def test_stations_become_numbers_in_their_order() -> None:
    numbers = as_numbers(model().stations)

    assert numbers.slots.tolist()[1:] == [station.slots for station in model().stations[1:]]
    assert numbers.replicas.tolist() == [1, 2, 1, 1]
    assert numbers.balancing[0] == LEAST_REQUEST  # unknown with one instance: as meshes do


def test_a_service_without_known_replicas_is_replayed_as_one() -> None:
    assert as_numbers((replace(model().stations[0], replicas=0),)).replicas.tolist() == [1]


def test_another_model_of_one_service_leaves_the_others() -> None:
    changed = with_slots(model().best, 1, Discipline.SELF, 5.0)

    assert changed.slots[1] == 5.0
    assert np.array_equal(np.delete(changed.slots, 1), np.delete(model().best.slots, 1))
    assert model().best.slots[1] == 2.0
