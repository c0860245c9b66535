from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tarfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tracetune.errors import InvalidInput, NotFound
from tracetune.sources.files import InputFile, find, read
from tracetune.sources.readers import readers

START = 1_700_000_000_000_000  # µs
READERS = readers()


def jaeger(*span_ids: str) -> dict[str, Any]:
    spans = [
        {"traceID": "a1", "spanID": name, "operationName": "x", "startTime": START, "duration": 1} for name in span_ids
    ]
    return {"data": [{"traceID": "a1", "spans": [span]} for span in spans]}


def zipkin(span_id: str) -> list[dict[str, Any]]:
    return [{"traceId": "a1", "id": span_id, "timestamp": START, "duration": 1, "localEndpoint": {"serviceName": "z"}}]


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


def tar(path: Path, documents: Sequence[Any]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for number, document in enumerate(documents):
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            member = tarfile.TarInfo(f"{number}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def span_ids(path: Path) -> list[int]:
    return [row["span_id"][-1] for part in read(InputFile(str(path)), READERS) for row in part.spans.table.to_pylist()]


def test_files_folders_and_patterns_are_found_once_and_sorted(tmp_path: Path) -> None:
    one, two = write(tmp_path / "b.json", {}), write(tmp_path / "a" / "c.json", {})
    write(tmp_path / "note.txt", b"x")

    found = find([str(one), str(tmp_path / "*.json"), str(tmp_path / "a"), str(tmp_path / "**" / "*.json"), "-"])

    assert [(file.path, file.named) for file in found] == [(str(one), True), (str(two), False), ("-", True)]
    assert found[0].size_bytes == 2


def test_a_pattern_without_files_is_said() -> None:
    with pytest.raises(NotFound, match="no file at /nowhere") as refusal:
        find(["/nowhere/*.json"])

    assert refusal.value.hint


def test_a_name_with_pattern_characters_is_a_file_if_it_exists(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1].json", {})

    assert [file.path for file in find([str(path)])] == [str(path)]


def test_names_do_not_matter_and_progress_is_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "traces.txt", gzip.compress(json.dumps(jaeger("1", "2")).encode()))
    (file,) = find([str(path)])
    reading = read(file, READERS)

    parts = list(reading)

    assert sum(len(part.spans) for part in parts) == 2
    assert reading.format == "jaeger"
    assert reading.bytes_read == reading.total_bytes == path.stat().st_size


def test_standard_input_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(zipkin("5")).encode())))

    reading = read(InputFile("-"), READERS)

    assert [len(part.spans) for part in reading] == [1]
    assert reading.format == "zipkin_v2"
    assert reading.total_bytes == 0


def test_a_named_pipe_is_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(json.dumps(jaeger("7")).encode(),))
    (file,) = find([str(pipe)])
    writer.start()

    ids = span_ids(Path(file.path))
    writer.join()

    assert ids == [7]
    assert file.size_bytes == 0


def test_an_archive_of_mixed_formats_is_read_in_one_batch(tmp_path: Path) -> None:
    path = tar(tmp_path / "all.tgz", [jaeger("1"), zipkin("2"), jaeger("3")])

    parts = list(read(InputFile(str(path)), READERS))

    assert [len(part.spans) for part in parts] == [3]


def test_a_bad_member_does_not_cost_the_others_and_is_named(tmp_path: Path) -> None:
    path = tar(tmp_path / "all.tgz", [jaeger("1"), b"a,b,c\n", jaeger("3")])
    ids: list[int] = []

    def gather() -> None:
        for part in read(InputFile(str(path)), READERS):
            ids.extend(row["span_id"][-1] for row in part.spans.table.to_pylist())

    with pytest.raises(InvalidInput, match=r"1\.json: this is a table .*1 of 3 members"):
        gather()

    assert ids == [1, 3]


def test_a_cut_file_gives_its_good_part_and_is_named_with_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.json", json.dumps(jaeger("1", "2")).encode()[:-20])
    parts = iter(read(InputFile(str(path)), READERS))

    assert len(next(parts).spans) == 1
    with pytest.raises(InvalidInput, match=r"cut\.json: byte \d+") as refusal:
        next(parts)
    assert refusal.value.hint


def test_a_cut_archive_gives_its_good_part(tmp_path: Path) -> None:
    text = json.dumps(jaeger(*[f"{number:x}" for number in range(1, 5000)])).encode()
    path = write(tmp_path / "cut.gz", gzip.compress(text)[:-2000])
    count = 0

    def gather() -> None:
        nonlocal count
        for part in read(InputFile(str(path)), READERS):
            count += len(part.spans)

    with pytest.raises(InvalidInput, match=r"cut\.gz: the archive is damaged or cut near its byte"):
        gather()

    assert count > 1000


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (gzip.compress(b""), "empty"), (b"\x00\x01\x02" * 99, "binary"), (b"a,b,c\n1,2,3", "CSV")],
    ids=["nothing", "nothing in gzip", "binary", "CSV"],
)
def test_what_is_no_traces_is_refused_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    path = write(tmp_path / "bad", content)

    with pytest.raises(InvalidInput, match=f"bad: .*{says}"):
        span_ids(path)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        span_ids(tmp_path / "gone")


def test_an_archive_without_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(tmp_path, "folder", recursive=False)

    with pytest.raises(InvalidInput, match="holds no files"):
        span_ids(path)


def test_a_format_without_reader_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", jaeger("1"))

    with pytest.raises(InvalidInput, match="no reader of jaeger"):
        list(read(InputFile(str(path)), {}))
