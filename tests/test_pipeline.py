from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from tracetune import pipeline
from tracetune.domain.analysis import Ingested
from tracetune.domain.anomalies import Severity
from tracetune.domain.causes import CauseKind
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.spans import Decoded, SpanBatch
from tracetune.errors import InvalidInput
from tracetune.forecasting.learn import baselines
from tracetune.pipeline import Intake, Plan, Stopwatch, ingest
from tracetune.sources.files import find
from tracetune.sources.readers import readers
from tracetune.testing.build import build
from tracetune.testing.writers import write_spans
from tracetune.traces.summarise import summarise

TRACE = """
    shop GET /order 0ms +120ms kind=server
      payments Authorize 10ms +80ms kind=server
"""
PLAN = Plan(baselines(), seed=0, horizon_minutes=30, false_incidents_per_week=1.0, parameters={"version": "test"})


def _silent(_stage: str, _done: float, _total: float) -> None:
    return


def _read(*paths: Path) -> Ingested:
    return ingest(find([str(path) for path in paths]), readers(), max_spans=100_000, report=_silent)


def test_minutes_of_files_equal_minutes_of_their_spans(tmp_path: Path) -> None:
    spans = build(TRACE, repeat=5)
    write_spans(tmp_path / "a.json", [spans])

    found = _read(tmp_path / "a.json")

    assert found.minutes.operations.equals(MinuteBatch.merge([summarise(spans).minutes]).operations)
    assert (found.spans, found.traces, found.services) == (10, 5, 2)


def test_trace_split_between_files_is_one_trace(tmp_path: Path) -> None:
    spans = build(TRACE)
    for name, rows in (("a", [0]), ("b", [1])):
        write_spans(tmp_path / f"{name}.json", [spans.take(np.array(rows))])

    found = _read(tmp_path)

    assert found.traces == 1
    assert "orphan_span" not in {finding.code for finding in found.findings}


def test_bad_file_among_good_ones_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    write_spans(tmp_path / "good.json", [build(TRACE)])
    (tmp_path / "bad.json").write_bytes(b"\x00\x01\x02 nothing")

    found = _read(tmp_path)

    errors = {Path(source.name).name: source.error for source in found.sources}
    assert errors["good.json"] == ""
    assert "bad.json" in errors["bad.json"]
    assert found.spans == 2


def test_only_bad_files_are_refused_with_the_reason_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()

    with pytest.raises(InvalidInput, match=r"empty\.json"):
        _read(tmp_path / "empty.json")


def test_spans_left_out_are_findings_with_their_file() -> None:
    intake = Intake(1000)

    intake.add("a.json", build(TRACE), {"no_trace_id": 3})
    intake.add("b.json", SpanBatch.empty(), {"no_trace_id": 4})

    (finding,) = pipeline._rejections(intake, used=2)
    assert (finding.code, finding.count, finding.total, finding.where) == ("no_trace_id", 7, 9, ("b.json", "a.json"))


def test_spans_that_come_after_their_trace_was_closed_still_count() -> None:
    intake = Intake(30)
    late = build("payments Refund 20ms +5ms kind=server id=9 parent=1")

    for batch in (build(TRACE, repeat=40), late):
        intake.add("a.json", batch, {})
    summary = intake.finish()

    assert (summary.spans, summary.traces) == (81, 40)
    assert "Refund" in summary.minutes.operations["span_name"].to_pylist()


def test_progress_is_told_in_bytes_of_all_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_spans(tmp_path / f"{name}.json", [build(TRACE, repeat=3)])
    told: list[tuple[str, float, float]] = []

    ingest(
        find([str(tmp_path)]),
        readers(),
        max_spans=1000,
        report=lambda stage, done, total: told.append((stage, done, total)),
    )

    assert told[-1][1] == told[-1][2] == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_file_that_fails_midway_keeps_what_was_read_before(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    write_spans(path, [build(TRACE)])

    class Half:
        format = "jaeger"

        def read(self, stream: BinaryIO) -> Iterator[Decoded]:
            stream.read()
            yield Decoded(build(TRACE))
            raise InvalidInput("the file ends within a trace at byte 20", hint="export it again")

    found = ingest(find([str(path)]), {"jaeger": Half()}, max_spans=1000, report=_silent)

    assert found.spans == 2
    assert "at byte 20" in found.sources[0].error
    assert "export it again" in found.sources[0].error


def test_whole_answer_names_the_release_and_divides_the_rise_exactly(shop_files: Path) -> None:
    ingested = _read(shop_files)

    found = pipeline.analyze(ingested, PLAN, Stopwatch())

    critical = [incident for incident in found.incidents if incident.severity is Severity.CRITICAL]
    ranking = found.rankings[critical[0].id]
    rise = sum(part.now_seconds - part.usual_seconds for part in ranking.contributions)
    assert len(critical) == 1
    assert (ranking.causes[0].service_name, ranking.causes[0].kind) == ("payments", CauseKind.OWN_TIME)
    assert ranking.release.startswith("payments v2")
    assert rise == pytest.approx(ranking.now_seconds - ranking.usual_seconds, rel=1e-9)


def test_equal_input_and_seed_give_equal_answers(shop_files: Path) -> None:
    ingested = _read(shop_files)

    first, second = (pipeline.analyze(ingested, PLAN, Stopwatch()) for _ in range(2))

    assert first.incidents == second.incidents
    assert first.advice == second.advice


def test_recalled_minutes_count_what_was_stored() -> None:
    minutes = summarise(build(TRACE, repeat=4)).minutes

    found = pipeline.recall(minutes, "chdb:///store")

    assert (found.spans, found.traces, found.services) == (8, 4, 2)


def test_stopwatch_keeps_the_seconds_of_each_stage() -> None:
    stopwatch = Stopwatch()

    with stopwatch.stage("read") as note:
        note(spans=3)

    assert list(stopwatch.seconds) == ["read"]
    assert stopwatch.seconds["read"] >= 0
