"""A real disk that is full, one that cannot be written to, a damaged segment, a directory that somebody has: said, and mended."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from tests.live.parts import trace_of
from tests.live.real import Template, alone, command, serving, stored_calls, until

from tracetune.testing.otlp_writer import request


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@pytest.mark.slow
def test_full_disk_refuses_spans_until_it_has_room_and_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    data.mkdir()
    disk = alone('mount -t tmpfs -o size=64m none "$D"', data)
    template = Template(200)
    acknowledged: list[int] = []

    with serving(data, before=disk) as served:
        inside = Path(f"/proc/{served.process.pid}/root{data}")
        ballast = inside / "ballast"

        def send(number: int) -> httpx.Response:
            answer = served.send(template.body(number))
            if answer.status_code == 200:
                acknowledged.append(number)
            return answer

        send(0)
        _fill(ballast)
        refused = send(1)
        while refused.status_code == 200:  # into the last block of the open segment
            refused = send(len(acknowledged))
        until(lambda: any("No space left on device" in each for each in served.problems()))
        ballast.unlink()
        again = send(999)
        until(lambda: not any("No space left on device" in each for each in served.problems()))
        held = os.open(inside, os.O_RDONLY)  # the disk outlives its process by this
        status = served.stop()
    shutil.copytree(f"/proc/self/fd/{held}", kept, symlinks=True)
    os.close(held)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert b"No space left on device" in refused.content
    assert (again.status_code, status) == (200, 0)
    assert stored_calls(kept) == dict.fromkeys(("GET /order", "Authorize"), 200 * len(acknowledged))


def test_disk_that_is_read_only_is_said_at_the_start(tmp_path: Path) -> None:
    disk = alone('mount --bind "$D" "$D" && mount -o remount,ro,bind "$D"', tmp_path)

    ended = subprocess.run([*disk, *command(tmp_path)], capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert ended.returncode != 0
    assert "Read-only file system" in ended.stderr
    assert str(tmp_path) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_second_process_on_a_directory_is_told_who_has_it(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        second = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)  # noqa: S603 - ours

        assert second.returncode != 0
        assert f"in use by process {served.process.pid}" in second.stderr
        assert "Traceback" not in second.stderr
        assert served.send(request(trace_of(0))).status_code == 200


def test_damaged_segment_costs_the_damaged_records_only_and_is_told(tmp_path: Path) -> None:
    template = Template(10)
    with serving(tmp_path, "--grace", "86400") as served:  # no minute is closed, and no state saved with it
        for number in range(9):
            served.send(template.body(number))
        served.process.kill()
        served.process.wait()
    (segment,) = (tmp_path / "journal").glob("*.journal")
    data = bytearray(segment.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    segment.write_bytes(data)

    with serving(tmp_path) as served:
        told = [each for each in served.problems() if "journal was damaged" in each]
        after = served.send(template.body(100))
        served.stop()

    assert after.status_code == 200
    assert len(told) == 1
    assert "bytes of acknowledged spans are lost" in told[0]
    assert [each.read_bytes() for each in (tmp_path / "journal").glob("*.damaged")] == [bytes(data)]
    assert stored_calls(tmp_path)["GET /order"] == 10 * 9  # eight of nine, and the one that came after


def test_state_that_is_damaged_stops_the_start_and_is_not_guessed(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.send(request(trace_of(0)))
        served.stop()
    state = tmp_path / "journal" / "state.zip"
    state.write_bytes(state.read_bytes()[:100])

    ended = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert ended.returncode != 0
    assert "is damaged" in ended.stderr
    assert "remove it to go on" in ended.stderr
