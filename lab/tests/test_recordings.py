"""A recording is whole or it is not there: framing, seals, and what an interrupted one leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracetune_lab.errors import InvalidRecordingError
from tracetune_lab.faults import Fault, truth_of
from tracetune_lab.load import LoadPlan, LoadReport
from tracetune_lab.profiles import Profile
from tracetune_lab.recordings import Manifest, Recorder, Recording, read_varint, varint

PAYLOADS = [b"first", b"x" * 300, b"last"]


def manifest() -> Manifest:
    return Manifest(
        format_version=1,
        scenario={"name": "test"},
        topology={},
        started_unix_nano=1,
        load_started_unix_nano=2,
        ended_unix_nano=3,
        compressed="nothing",
        requests_sent=1,
        requests_answered=1,
        spans_received=3,
        spans_lost_by_fault=0,
        spans_sent_by_envoy=3,
        requests_seen_by_envoy={},
        versions={},
        machine={},
    )


def report() -> LoadReport:
    return LoadReport(LoadPlan("http://localhost", "a", Profile(), {"GET /a": 1}, 1, 1, 0), sent=1, answered=1)


def record(place: Path, export: str = "otlp-http") -> Recording:
    truth = truth_of(Fault("errors", 0, 1, 0.5, "a", "GET /a"), 10, 20)
    with Recorder(place, export) as recorder:  # type: ignore[arg-type]
        for payload in PAYLOADS:
            recorder.keep(payload)
        recorder.finish(manifest(), [truth], report())
    return Recording(place)


@pytest.mark.parametrize("export", ["otlp-http", "zipkin"])
def test_payloads_come_back_as_they_were_kept(tmp_path: Path, export: str) -> None:
    recording = record(tmp_path / "one", export)

    assert list(recording.payloads()) == PAYLOADS
    assert recording.truths()[0].span_name == "a.default.svc.cluster.local:9080/a"
    assert recording.load() == report()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_recording_again_replaces_the_old_one(tmp_path: Path) -> None:
    record(tmp_path / "one", "zipkin")

    again = record(tmp_path / "one")

    assert not again.is_zipkin()


def test_recording_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with Recorder(tmp_path / "one", "otlp-http") as recorder:
        recorder.keep(b"payload")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["spans.otlp.zst", "truth.json", "load.json.zst"])
def test_file_that_was_cut_short_is_refused(tmp_path: Path, file: str) -> None:
    record(tmp_path / "one")
    path = tmp_path / "one" / file
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(InvalidRecordingError, match=f"{file} is missing or not what was recorded"):
        Recording(tmp_path / "one")


def test_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordingError, match=r"has no manifest\.json"):
        Recording(tmp_path)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**31])
def test_varint_comes_back(value: int) -> None:
    assert read_varint(varint(value), 0) == (value, len(varint(value)))


def test_varint_is_protobufs() -> None:
    assert varint(300) == b"\xac\x02"  # the example of the Protocol Buffers encoding page
