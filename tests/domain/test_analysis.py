"""One whole answer as a value."""

from __future__ import annotations

from tracetune.domain.analysis import Analysis, Ingested, Learned, SourceSummary
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import SeriesBatch
from tracetune.domain.spans import SpanBatch


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
