from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from tests.cli.conftest import Run, failure

from tracetune.cli import recorded
from tracetune.cli.recorded import Fault, Recording
from tracetune.domain.anomalies import AnomalyKind, Incident, Severity
from tracetune.domain.causes import Cause, CauseKind, CauseRanking

if TYPE_CHECKING:
    from tracetune.domain.analysis import Analysis

MINUTE = 60_000_000_000
RELEASE = Fault("release_regression", "payment", "POST /charge", 600 * MINUTE, 611 * MINUTE, "1.1.0")


def incident(onset: int, end: int | None) -> Incident:
    return Incident("INC-1", (), AnomalyKind.SLOWER, Severity.CRITICAL, onset, end)


def analysis(*incidents: Incident, named: str) -> Analysis:
    cause = Cause(named, "", CauseKind.OWN_TIME, 0.9, (), ())
    rankings = {each.id: CauseRanking(each.id, "", (cause,), None, 0.0, 0.0, ()) for each in incidents}
    return cast("Analysis", SimpleNamespace(incidents=incidents, rankings=rankings))


def told(found: Analysis, *faults: Fault) -> str:
    return recorded.compared(Recording(Path("spans"), faults), found)


def test_fault_whose_service_is_named_first_is_found_and_the_delay_is_told() -> None:
    text = told(analysis(incident(602, 612), named="payment"), RELEASE)

    assert text.splitlines() == [
        "What was really done:",
        "  release regression of payment 1.1.0 POST /charge, 10:00-10:11 UTC: found, payment named first, from minute 2 of it",
    ]


def test_incident_with_another_cause_first_is_not_called_found() -> None:
    assert "with another cause first" in told(analysis(incident(602, None), named="checkout"), RELEASE)


@pytest.mark.parametrize(("onset", "end"), [(500, 600), (611, None)])
def test_incident_at_another_time_is_not_the_fault_s(onset: int, end: int | None) -> None:
    assert told(analysis(incident(onset, end), named="payment"), RELEASE).endswith("UTC: not found")


def test_quiet_recording_says_that_every_incident_is_a_false_alarm() -> None:
    assert "nothing; every incident above is a false alarm" in told(analysis(named=""))


def test_truth_and_spans_of_a_recording_are_read(tmp_path: Path) -> None:
    fault = {
        "kind": "errors",
        "service": "a",
        "operation": "GET /",
        "start_unix_nano": 1,
        "end_unix_nano": 2,
        "more": 3,
    }
    (tmp_path / "truth.json").write_text(json.dumps({"faults": [fault]}))
    (tmp_path / "spans.zipkin.jsonl.zst").touch()

    found = recorded.read(tmp_path)

    assert found.spans.name == "spans.zipkin.jsonl.zst"
    assert found.faults == (Fault("errors", "a", "GET /", 1, 2),)


def test_demo_of_a_folder_that_is_no_recording_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--recording", tmp_path, "--out", tmp_path / "out")

    assert "is no recording of the lab" in failure(result).message
    assert not (tmp_path / "out").exists()


def test_demo_of_a_recording_writes_its_page_and_says_what_was_done(run: Run, tmp_path: Path) -> None:
    place = Path(__file__).parents[2] / "lab" / "recordings" / "dev" / "bookinfo-span-loss"

    result = run("demo", "--recording", place, "--out", tmp_path / "out", "--model", "baselines", "--quiet")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "recorded.html").is_file()
    assert "span loss of the traffic" in result.stdout
