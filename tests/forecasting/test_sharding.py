"""Series are cut into shards and put together again, and so is what the shards have learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tracetune.domain.series import Metric, SeriesBatch, SeriesKey
from tracetune.errors import InvalidInput
from tracetune.forecasting import bundle
from tracetune.forecasting.learn import Normal, baselines, study
from tracetune.forecasting.online import OnlineForecaster
from tracetune.forecasting.sharding import CLUSTER_WIDE, Cut, gathered, joined, shards
from tracetune.testing.series import random_series


def named(*services: str, minutes: int = 90) -> SeriesBatch:
    """Random series of these services, one operation each."""
    series = random_series(1, minutes=minutes, keys=len(services), missing=0)
    return replace(series, keys=tuple(SeriesKey(service, f"GET /{at}") for at, service in enumerate(services)))


def learned(series: SeriesBatch) -> Normal:
    """By two candidates of one metric: more take a minute, and are put together in the same way."""
    competing = {Metric.LATENCY_P95: baselines()[Metric.LATENCY_P95][:2]}
    return study(series, estimators=competing, seed=0, horizon_minutes=0)[0]


def test_services_stay_whole_and_shards_nearly_equal() -> None:
    series = named("a", "a", "a", "b", "b", "c", "d")

    cut = shards(series, Cut.SIZE, 3)

    services = [{key.service_name for key in part.keys} for part in cut.values()]
    assert list(cut) == ["shard-000", "shard-001", "shard-002"]
    assert sum(len(each) for each in services) == 4  # no service in two
    assert sorted(len(part.keys) for part in cut.values()) == [2, 2, 3]
    assert len(shards(series, Cut.SIZE, 100)) == 4


def test_namespaces_are_read_from_names_as_the_mesh_gives_them() -> None:
    series = named("reviews.books", "ratings.books", "cart.shop.svc.cluster.local", "plain", "odd../../etc")

    cut = shards(series, Cut.NAMESPACE, 1)

    assert {name: len(part.keys) for name, part in cut.items()} == {"books": 2, "shop": 1, CLUSTER_WIDE: 2}


def test_shards_put_together_are_what_was_cut() -> None:
    series = named("a", "b", "c", "d")

    whole = gathered(list(shards(series, Cut.SIZE, 3).values()))

    assert whole.keys == tuple(sorted(series.keys))
    for metric in Metric:
        np.testing.assert_array_equal(whole[metric], series[metric])


def test_shards_that_do_not_belong_together_are_refused() -> None:
    series = named("a", "b")
    with pytest.raises(InvalidInput, match="different minutes"):
        gathered([series.only([0]), series.only([1]).between(0, 50)])
    with pytest.raises(InvalidInput, match="same series"):
        gathered([series, series])
    with pytest.raises(InvalidInput, match="same series"):
        joined([learned(series), learned(series)])
    with pytest.raises(InvalidInput, match="has learned anything"):
        joined([Normal({}, ())])
    with pytest.raises(InvalidInput, match="no series to cut"):
        shards(series.only([]), Cut.SIZE, 2)


def test_joined_model_says_of_each_series_what_its_own_shard_says(tmp_path: Path) -> None:
    series = named("a", "b", minutes=370)
    parts = list(shards(series, Cut.SIZE, 2).values())
    normals = [learned(part) for part in parts]

    bundle.save(tmp_path / "joined.npz", joined(normals), {})
    normal, _ = bundle.load(tmp_path / "joined.npz")
    found = normal.expect(series, horizon_minutes=5)
    online = OnlineForecaster(normal, series.start_minute).follow(series)

    for metric, forecast in found.forecasts.items():
        for part, own in zip(parts, normals, strict=True):
            (row,) = (series.keys.index(key) for key in part.keys)
            alone = own.expect(part, horizon_minutes=5).forecasts[metric].values[0]
            speaks = np.isfinite(alone).all(axis=1) & np.isfinite(forecast.values[row]).all(axis=1)
            assert speaks.mean() > 0.5
            np.testing.assert_allclose(forecast.values[row][speaks], alone[speaks], rtol=1e-9)
            np.testing.assert_allclose(online[metric][row][: series.length], forecast.values[row][: series.length])
