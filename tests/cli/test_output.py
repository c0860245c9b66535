from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tracetune.cli import output
from tracetune.domain.analysis import Analysis, Ingested, Learned
from tracetune.domain.anomalies import AnomalyKind, Incident, Severity
from tracetune.domain.forecasts import QUANTILES, Forecast
from tracetune.domain.graph import ServiceGraph
from tracetune.domain.minutes import MinuteBatch
from tracetune.domain.series import Metric, SeriesBatch
from tracetune.domain.spans import SpanBatch
from tracetune.errors import InvalidInput, InvalidSettings


def _analysis(*, learned: bool) -> Analysis:
    nothing = Forecast((), Metric.CALLS, 0, 0, np.zeros((0, 0, len(QUANTILES))), ())
    series = SeriesBatch.from_minutes(MinuteBatch.empty())
    return Analysis(
        ingested=Ingested(MinuteBatch.empty(), (), 0, 0, 0, 0, 0, (), SpanBatch.empty()),
        learned=Learned(series, {Metric.CALLS: nothing} if learned else {}, ()),
        graph=ServiceGraph((), ()),
        incidents=(),
        rankings={},
        capacities=(),
        advice=(),
        headline="",
        parameters={},
    )


def _incident(severity: Severity) -> Incident:
    return Incident("INC-1", (), AnomalyKind.SLOWER, severity, 0, None)


@pytest.mark.parametrize(
    ("severity", "fail_on", "status"),
    [
        (Severity.CRITICAL, None, 0),
        (Severity.CRITICAL, "critical", output.FOUND),
        (Severity.WARNING, "critical", 0),
        (Severity.WARNING, "minor", output.FOUND),
    ],
)
def test_status_is_found_at_the_asked_severity_or_worse(severity: Severity, fail_on: str | None, status: int) -> None:
    assert output.status(_analysis(learned=True), [_incident(severity)], fail_on) == status


def test_status_tells_calm_from_cannot_judge() -> None:
    assert output.status(_analysis(learned=True), [], "minor") == 0
    assert output.status(_analysis(learned=False), [], "minor") == output.CANNOT_JUDGE


def test_unknown_severity_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidSettings, match="use critical, warning or minor"):
        output.status(_analysis(learned=True), [], "loud")


def test_answer_goes_to_a_file_whole_and_leaves_stdout_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "answer.json"

    output.show("table", {"a": 1}, as_json=True, to=path)

    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert capsys.readouterr().out == ""
    assert [each.name for each in tmp_path.iterdir()] == ["answer.json"]


def test_unwritable_place_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot write"):
        output.write_whole(tmp_path / "none" / "answer.json", "{}")
