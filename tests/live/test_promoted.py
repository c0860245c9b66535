"""A promoted version is taken over at the next minute; one that cannot be read is named, and the one before goes on."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.live.parts import FIRST_MINUTE, Clock, closed, otlp, settings, trace_of

from tracetune import training
from tracetune.forecasting.learn import Normal, baselines, study
from tracetune.live.expectation import Expectation
from tracetune.live.promoted import Promoted
from tracetune.live.server import Server
from tracetune.settings import LearnSettings, Settings
from tracetune.stores.models import ModelRegistry, registry_in
from tracetune.testing.series import random_series

WHEN = "2026-03-02T12:00:00Z"
SERIES = random_series(1, minutes=140, missing=0)


@cache
def model() -> bytes:
    normal, _ = study(SERIES.between(0, 60), estimators=baselines(), seed=0, horizon_minutes=0)
    return training.packed(normal, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder: Path) -> ModelRegistry:
    kept = registry_in(str(folder))
    for _ in range(3):
        kept.publish(model(), {}, created=WHEN)
    return kept


def promote(registry: ModelRegistry, number: int) -> None:
    registry.promote(str(number), training.unpacked)


def damage(folder: Path, number: int) -> None:
    (folder / f"versions/{number:06}/model.npz").write_bytes(b"not what was published")


def test_nothing_is_promoted_in_an_empty_registry(folder: Path) -> None:
    promoted = Promoted(registry_in(str(folder)))

    assert promoted.look() is None
    assert (promoted.number, promoted.problem) == (0, "")


def test_the_same_models_are_given_until_the_alias_moves(registry: ModelRegistry) -> None:
    promoted = Promoted(registry)
    promote(registry, 1)
    first = promoted.look()

    assert isinstance(first, Normal)
    assert promoted.look() is first
    promote(registry, 2)
    assert promoted.look() is not first
    assert promoted.number == 2
    registry.rollback(training.unpacked)
    promoted.look()
    assert promoted.number == 1


def test_a_damaged_version_is_named_and_the_one_before_stays(registry: ModelRegistry, folder: Path) -> None:
    promoted = Promoted(registry)
    promote(registry, 1)
    first = promoted.look()
    promote(registry, 2)
    damage(folder, 2)

    assert [promoted.look() is first for _ in range(2)] == [True, True]
    assert promoted.number == 1
    assert "version 2" in promoted.problem
    assert "damaged" in promoted.problem
    registry.rollback(training.unpacked)
    assert promoted.look() is first
    assert promoted.problem == ""


def test_a_version_of_a_newer_format_is_named(registry: ModelRegistry, folder: Path) -> None:
    promoted = Promoted(registry)
    promote(registry, 1)
    facts = folder / "versions/000001/about.json"
    facts.write_text(facts.read_text().replace('"format": 1', '"format": 2'))

    assert promoted.look() is None
    assert "version 1" in promoted.problem
    assert "format 2" in promoted.problem


def expectation(promoted: Promoted) -> Expectation:
    return Expectation(baselines(), None, seed=0, horizon_minutes=5, false_incidents_per_week=1.0, promoted=promoted)


def test_a_promoted_model_wins_over_what_is_learned_here_until_its_alias_is_removed(
    registry: ModelRegistry, folder: Path
) -> None:
    online = expectation(Promoted(registry))
    versions = []
    for length in range(58, 100):  # long enough for learning anew to be due
        if length == 60:
            promote(registry, 2)
        if length == 98:
            (folder / "aliases/production.json").unlink()
        learned = online.learned(SERIES.between(0, length))
        for forecast in learned.forecasts.values():
            assert np.isfinite(forecast.values[:, length - 1 : length + 5]).all()
        versions.append(online.version)

    assert versions == [0, 0, *[2] * 38, 0, 0]


def test_thresholds_are_calibrated_anew_as_the_history_grows(registry: ModelRegistry) -> None:
    promote(registry, 1)
    online, series = expectation(Promoted(registry)), random_series(1, minutes=200, missing=0, keys=8)
    least = []
    for length in range(30, 200, 10):
        online.learned(series.between(0, length))
        assert online.thresholds is not None
        least.append(min(online.thresholds.common.values()))

    assert least[-1] < least[0]


def test_series_that_are_gone_are_left_while_one_promoted_model_speaks_for_months(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracetune.live.expectation.RELEARN_MINUTES", 20)
    promote(registry, 1)
    online = expectation(Promoted(registry))
    for last in range(60, 75):
        online.learned(SERIES.between(last - 50, last))
    since, some = online.since, SERIES.only([0, 1])
    rows = []
    for last in range(75, 100):
        before = online.learned(some.between(last - 50, last))
        rows.append({len(values) for values in online._expected.values()})
    for last in range(100, 130):
        after = online.learned(some.between(last - 50, last))

    assert (rows[0], rows[-1]) == ({len(SERIES.keys)}, {2})
    assert (online.since, online.version) == (since, 1)
    for metric, forecast in before.forecasts.items():
        np.testing.assert_array_equal(after.forecasts[metric].values[:, :20], forecast.values[:, 30:50])


def test_a_model_that_holds_nothing_is_refused_once_and_named(registry: ModelRegistry) -> None:
    empty = registry.publish(training.packed(Normal({}, ()), {}), {}, created=WHEN)
    promoted = Promoted(registry)
    online = expectation(promoted)
    online.learned(SERIES.between(0, 60))
    promote(registry, empty.number)
    for length in (61, 62):
        learned = online.learned(SERIES.between(0, length))

    assert learned.forecasts
    assert online.version == 0
    assert "holds no models" in promoted.problem


def test_a_running_server_says_which_version_speaks_and_which_cannot(
    tmp_path: Path, registry: ModelRegistry, folder: Path
) -> None:
    chosen = settings(tmp_path)
    clock = Clock()
    server = Server(
        Settings(
            ingest=chosen.ingest, serve=chosen.serve, learn=LearnSettings(model="baselines", registry=str(folder))
        ),
        clock=clock,
        ticking=False,
    )
    server.start()
    said = []
    try:
        for minute in range(36):
            clock.now += 60.0
            server.admission.accept(otlp(trace_of(minute))).result()
            if minute == 33:
                promote(registry, 2)
            if minute == 34:
                promote(registry, 3)
                damage(folder, 3)
            if minute == 35:
                registry.rollback(training.unpacked)
            if minute >= 32:
                asyncio.run(closed(server, clock, FIRST_MINUTE + minute))
                said.append(server.publisher.current().status)
    finally:
        server.stop()

    before, promoted, damaged, back = said
    assert "version" not in before.model
    for each in (promoted, damaged, back):
        assert each.model.startswith("version 2 of the registry, which is production")
    assert [any("version 3" in problem for problem in each.problems) for each in said] == [False, False, True, False]
