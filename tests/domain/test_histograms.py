"""Buckets, their bounds, and quantiles back from counts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracetune.domain.histograms import ZERO_BUCKET, Histograms, bucket_of, upper_bound_seconds


def histogram(*durations: int) -> Histograms:
    nanos = np.array(durations, np.int64)
    return Histograms.from_entries(1, np.zeros(len(nanos), np.int64), bucket_of(nanos), np.ones(len(nanos), np.uint64))


@given(st.integers(1, 2**63 - 1))
def test_a_bucket_holds_what_is_above_its_lower_and_up_to_its_upper_bound(duration: int) -> None:
    index = int(bucket_of(np.array([duration]))[0])

    # (duration / 1e9)**16 is compared in whole numbers: floats put durations on a bound on its wrong side.
    power = duration**16
    assert power * 2 ** max(-index, 0) > 10**144 * 2 ** max(index, 0)
    assert power * 2 ** max(-index - 1, 0) <= 10**144 * 2 ** max(index + 1, 0)


def test_powers_of_two_seconds_close_their_bucket() -> None:
    seconds = np.array([1, 2, 4, 8, 1024]) * 1_000_000_000

    assert bucket_of(seconds).tolist() == [-1, 15, 31, 47, 159]
    assert bucket_of(seconds + 1).tolist() == [0, 16, 32, 48, 160]


def test_no_duration_has_a_bucket_of_its_own() -> None:
    assert bucket_of(np.array([0, -5])).tolist() == [ZERO_BUCKET, ZERO_BUCKET]
    assert upper_bound_seconds(np.array([ZERO_BUCKET, -1], np.int16)).tolist() == [0.0, 1.0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5), st.integers(1, 9)), max_size=20))
def test_entries_add_up_in_any_order(entries: list[tuple[int, int, int]]) -> None:
    row, bucket, count = (np.array([entry[at] for entry in entries], np.int64) for at in range(3))

    found = Histograms.from_entries(4, row, bucket.astype(np.int16), count.astype(np.uint64))

    expected: dict[tuple[int, int], int] = {}
    for each, index, number in entries:
        expected[each, index] = expected.get((each, index), 0) + number
    actual = zip(found.rows().tolist(), found.buckets.tolist(), found.counts.tolist(), strict=True)
    assert [((each, index), number) for each, index, number in actual] == sorted(expected.items())
    assert found.totals().sum() == sum(number for _, _, number in entries)


def test_histograms_survive_arrow_in_slices_too() -> None:
    histograms = Histograms.from_entries(3, np.array([0, 2, 2]), np.array([1, -3, 4], np.int16), np.ones(3, np.uint64))

    tail = Histograms.from_arrow(histograms.to_arrow()[1:])

    assert (tail.offsets.tolist(), tail.buckets.tolist()) == ([0, 0, 2], [-3, 4])


def test_a_quantile_is_within_a_bucket_s_width_of_the_truth() -> None:
    durations = np.random.default_rng(0).lognormal(17, 1, 5_000).astype(np.int64)

    found = [float(histogram(*durations).quantile(q)[0]) for q in (0.5, 0.95)]

    np.testing.assert_allclose(found, np.quantile(durations, [0.5, 0.95]) / 1e9, rtol=2 ** (1 / 16) - 1)


def test_an_empty_histogram_has_no_quantile() -> None:
    assert np.isnan(histogram().quantile(0.5)).all()
    assert histogram(0, 0).quantile(0.5).tolist() == [0.0]
