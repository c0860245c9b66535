from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tracetune import pipeline, training
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.errors import InvalidInput, NotEnoughData
from tracetune.forecasting.learn import baselines
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.stores.models import registry_in
from tracetune.training import Trained, train


@pytest.fixture(scope="module")
def trained(shop_files: Path) -> Trained:
    read = pipeline.ingest(find([str(shop_files)]), readers(), max_spans=100_000, report=lambda *_: None)
    return train(read.minutes, baselines(), seed=0)


def test_what_was_trained_is_read_back_and_expects_the_same(trained: Trained) -> None:
    again = training.unpacked(trained.content)

    first, second = (each.expect(trained.series, horizon_minutes=10) for each in (trained.normal, again))
    assert second.limits == first.limits
    for metric, forecast in first.forecasts.items():
        np.testing.assert_array_equal(second.forecasts[metric].values, forecast.values)


def test_facts_tell_the_window_the_measures_and_who_speaks(trained: Trained) -> None:
    about = trained.about

    assert about["window"] == {"start": "2026-03-02T00:00:00Z", "end": "2026-03-02T03:20:00Z", "minutes": 200}
    assert about["operations"] == 23
    assert about["backend"] == "numpy"
    assert about["metrics"]["latency_p95"]["speakers"] == {"trailing_median": 23}
    assert 0.9 < about["metrics"]["latency_p95"]["coverage"] <= 1.0
    assert 0.0 < about["metrics"]["latency_p95"]["loss"] < 1.0


def test_a_model_is_no_worse_than_itself_and_worse_than_a_better_one(trained: Trained) -> None:
    chosen = trained.normal.models[Metric.LATENCY_P95]
    wide = replace(chosen, factors=tuple(replace(each, below=4.0, above=4.0) for each in chosen.factors))
    wider = replace(trained.normal, models={**trained.normal.models, Metric.LATENCY_P95: wide})

    assert training.worse_by(trained, trained.normal) == 0.0
    assert training.worse_by(replace(trained, normal=wider), trained.normal) > training.MOST_WORSE
    assert training.worse_by(trained, wider) < 0.0


@pytest.mark.parametrize(
    ("worse", "passes", "said"),
    [
        (0.2149, False, "its error is 21 % larger than that of version 1; at most 2 % is allowed"),
        (0.0204, False, "its error is 2.04 % larger than that of version 1; at most 2 % is allowed"),
        (0.02003, False, "its error is 2.003 % larger than that of version 1; at most 2 % is allowed"),
        (0.0196, True, "its error is 1.96 % larger than that of version 1; at most 2 % is allowed"),
        (0.004, True, "its error is 0.4 % larger than that of version 1; at most 2 % is allowed"),
        (-0.05, True, "its error is 5.0 % smaller than that of version 1"),
        (0.0, True, "its error is that of version 1"),
        (float("nan"), True, "the newest minutes do not tell it from version 1"),
    ],
)
def test_verdict_says_the_limit_and_digits_that_tell_from_it(worse: float, passes: bool, said: str) -> None:
    rivalry = training.Rivalry(number=1, worse=worse, operations=10, in_common=10)

    assert (rivalry.passes, rivalry.reason) == (passes, said)


def test_another_applications_model_is_no_measure_and_that_is_said() -> None:
    few = training.Rivalry(number=1, worse=0.21, operations=23, in_common=3)
    none = training.Rivalry(number=1, worse=float("nan"), operations=23, in_common=0)

    assert "version 1 knows only 3 of its 23 operations" in few.reason
    assert none.reason.startswith("version 1 knows none of its 23 operations")
    assert all("a registry of their own (--registry OTHER)" in each.reason for each in (few, none))


def test_model_in_use_is_found_in_the_registry_with_what_both_know(trained: Trained, tmp_path: Path) -> None:
    kept = registry_in(str(tmp_path))
    before = training.beside_production(kept, trained)
    version = kept.publish(trained.content, trained.about, created="2026-03-02T03:20:00Z")
    kept.promote(str(version.number), training.unpacked)

    again = training.beside_production(kept, trained)

    assert (before.number, before.passes, before.reason) == (0, True, "it is the first")
    assert again == training.Rivalry(number=1, worse=0.0, operations=23, in_common=23)


def test_changes_name_who_speaks_instead_of_whom(trained: Trained) -> None:
    chosen = trained.normal.models[Metric.CALLS]
    other = replace(chosen.verdicts[0], model="seasonal")
    changed = replace(chosen, verdicts=(other, *chosen.verdicts[1:]))
    after = replace(trained.normal, models={Metric.CALLS: changed})

    found = training.changes(trained.normal, after)

    (speaker,) = [each for each in found if each.after]
    assert (speaker.key, speaker.metric, speaker.before, speaker.after) == (
        chosen.keys[0],
        Metric.CALLS,
        "trailing_median",
        "seasonal",
    )
    assert {each.metric for each in found if not each.after} == {Metric.LATENCY_P50, Metric.LATENCY_P95}
    assert training.changes(after, after) == ()


def test_a_strangers_bytes_are_refused_with_what_is_wrong() -> None:
    with pytest.raises(InvalidInput, match="no learned models"):
        training.unpacked(b"\x80\x04\x95 a pickle, or anything")


def test_nothing_to_learn_from_is_said_and_nothing_is_made() -> None:
    with pytest.raises(NotEnoughData, match="no operation to learn from"):
        train(MinuteBatch.empty(), baselines(), seed=0)


def test_unknown_losses_decide_nothing(trained: Trained) -> None:
    nothing = replace(trained.normal, models={})
    empty = SeriesBatch.from_minutes(MinuteBatch.empty())

    assert np.isnan(training.worse_by(trained, nothing))
    assert np.isnan(training.worse_by(replace(trained, series=empty), trained.normal))
