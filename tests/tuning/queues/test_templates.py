"""The numbers of the disciplines are those that the model uses."""

from __future__ import annotations

from tests.tuning.queue_data import model

from tracetune.domain.whatif import Discipline
from tracetune.tuning.queues import templates
from tracetune.tuning.queues.model import with_slots


def test_every_discipline_has_its_number() -> None:
    numbers = {
        Discipline.DELAY: templates.DELAY,
        Discipline.HOLD: templates.HOLD,
        Discipline.SELF: templates.SELF,
        Discipline.SHARING: templates.SHARING,
        Discipline.CONTENTION: templates.CONTENTION,
    }

    for discipline, number in numbers.items():
        assert with_slots(model().best, 1, discipline, 2.0).discipline[1] == number
