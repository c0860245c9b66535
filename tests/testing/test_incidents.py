from __future__ import annotations

import itertools

import numpy as np

from tracetune.testing.incidents import Incident, IncidentKind, draw_incidents


def test_incidents_rest_an_hour_and_stay_inside_the_period() -> None:
    period = range(1440, 20 * 1440)

    drawn = draw_incidents(np.random.default_rng(3), 7, (0, 1, 2, 2), period, 0.8)

    assert len(drawn) > 20
    assert all(period.start <= each.start and each.start + each.minutes <= period.stop for each in drawn)
    assert all(later.start > earlier.start + earlier.minutes + 60 for earlier, later in itertools.pairwise(drawn))
    assert {each.app for each in drawn} == {7}


def test_dependencies_fail_at_the_bottom() -> None:
    drawn = draw_incidents(np.random.default_rng(3), 0, (0, 1, 2, 3), range(40 * 1440), 0.8)

    bottom = {each.service for each in drawn if each.kind is IncidentKind.DEPENDENCY}

    assert bottom == {3}


def test_a_leak_grows_and_a_step_does_not() -> None:
    leak, step = (Incident(kind, 0, 0, 0, 60, 3.0).shape() for kind in (IncidentKind.LEAK, IncidentKind.STEP))

    assert leak[0] == 1.0
    assert leak[-1] == 3.0
    assert (step == 3.0).all()
