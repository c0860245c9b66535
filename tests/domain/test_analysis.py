"""One whole answer as a value."""

from __future__ import annotations

import numpy as np

from tracetune.domain.analysis import Analysis, Ingested, Learned, SourceSummary
from tracetune.domain.forecasts import QUANTILES, Forecast, Verdict
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import SpanBatch
from tracetune.testing.series import random_series


def _nothing() -> Analysis:
    minutes = MinuteBatch.empty()
    sources = (SourceSummary("traces.json", "jaeger", 0, 12, "no span in it"),)
    ingested = Ingested(minutes, sources, 0, 0, 0, 0, 0, (), SpanBatch.empty())
    learned = Learned(SeriesBatch.from_minutes(minutes), {}, ("too short",))
    graph = ServiceGraph.from_minutes(minutes)
    return Analysis(ingested, learned, graph, (), {}, (), (), "No usable spans were found.", {"seed": "0"})


def test_answer_about_no_spans_is_whole() -> None:
    analysis = _nothing()

    assert analysis.learned.series.length == 0
    assert analysis.graph.services == ()
    assert analysis.ingested.sources[0].error == "no span in it"


def test_source_that_was_read_to_its_end_has_no_error() -> None:
    assert SourceSummary("traces.json", "jaeger", 3, 1200).error == ""


def test_part_of_what_was_learned_keeps_series_and_forecasts_side_by_side() -> None:
    series = random_series(1, minutes=60, keys=3)
    values = np.arange(3 * 70 * len(QUANTILES), dtype=np.float64).reshape(3, 70, len(QUANTILES))
    verdicts = tuple(Verdict(f"model {row}", {}, 0.98, "") for row in range(3))
    forecast = Forecast(series.keys, Metric.CALLS, series.start_minute, 60, values, verdicts)
    learned = Learned(series, {Metric.CALLS: forecast}, ("short",))

    part = learned.only([2, 0]).between(10, 30)

    found = part.forecasts[Metric.CALLS]
    assert (part.series.start_minute, found.start_minute) == (series.start_minute + 10, series.start_minute + 10)
    assert (part.series.length, found.cutoff, part.limits) == (20, 20, ("short",))
    assert found.keys == part.series.keys == (series.keys[2], series.keys[0])
    assert [each.model for each in found.verdicts] == ["model 2", "model 0"]
    np.testing.assert_array_equal(found.values, values[[2, 0], 10:30])
