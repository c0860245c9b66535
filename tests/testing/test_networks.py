"""Random applications have the use that they claim."""

from __future__ import annotations

import numpy as np
import pytest

from tracetune.testing.networks import calls_of, random_app, slots_of, with_replicas
from tracetune.testing.queues import WHOLE_REQUEST


def test_the_busiest_service_uses_most_of_its_slots_at_the_full_rate() -> None:
    app = random_app(3)

    assert app.use.max() == pytest.approx(0.85, abs=0.02)
    run = app.run(np.full(60, app.rate), 1)
    service = app.network.service[run.operation]
    worked = np.bincount(service, run.worked_nano, len(app.use)) / 60e9
    slots = slots_of(app.network) * np.diff(app.network.instance_of_service)
    own = app.network.discipline != WHOLE_REQUEST
    assert (worked / slots)[own][1:] == pytest.approx(app.use[own][1:], rel=0.15, abs=0.02)


def test_equal_seeds_give_equal_applications() -> None:
    one, two = random_app(5), random_app(5)

    assert np.array_equal(one.network.work_nano, two.network.work_nano)
    assert one.rate == two.rate


def test_other_replicas_have_the_slots_of_the_first() -> None:
    app = random_app(3)
    service = int(app.use.argmax())

    more = with_replicas(app.network, {service: 4})

    assert np.diff(more.instance_of_service)[service] == 4
    assert slots_of(more).tolist() == slots_of(app.network).tolist()


def test_calls_say_who_served_them() -> None:
    app = random_app(3)
    run = app.run(np.full(5, app.rate), 1)

    table = calls_of(run, app.network).table

    assert len(table) == len(run.parent)
    assert set(table["service_name"].to_pylist()) == {
        f"s{number}" for number in np.unique(app.network.service[run.operation])
    }
