from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracetune.errors import InvalidInput
from tracetune.proofs.truth import Happening, read

MINUTE = 29_540_810


def _file(tmp_path: Path, text: str, name: str = "truth.json") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_the_labs_truth_is_read_as_it_is(tmp_path: Path) -> None:
    fault = {
        "kind": "errors",
        "service": "payment",
        "service_name": "payment.default",
        "start_unix_nano": MINUTE * 60 * 10**9 + 5,
        "end_unix_nano": (MINUTE + 4) * 60 * 10**9,
    }

    found = read(_file(tmp_path, json.dumps({"faults": [fault]})))

    assert found == (Happening("errors", "payment.default", MINUTE, MINUTE + 4),)


def test_a_list_of_incidents_is_read_in_order_of_time(tmp_path: Path) -> None:
    text = """[{"service": "b", "start": "2026-03-02T15:00:00+01:00", "end": "2026-03-02T14:10:00Z"},
               {"service": "a", "start": "2026-03-02T12:00:00", "end": "2026-03-02T12:30:00"}]"""

    found = read(_file(tmp_path, text))

    assert [(each.service_name, each.end - each.start) for each in found] == [("a", 30), ("b", 10)]
    assert {each.kind for each in found} == {"fault"}


def test_csv_is_read_by_its_header(tmp_path: Path) -> None:
    text = "start,end,service,kind\n2026-03-02T12:00Z,2026-03-02T12:00Z,shop,traffic_surge\n"

    (found,) = read(_file(tmp_path, text, "truth.csv"))

    assert (found.service_name, found.end - found.start, found.is_fault) == ("shop", 1, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be used"),
        ('{"incidents": []}', "'faults'"),
        ("[3]", "entry 1 is no object"),
        ('[{"start": "noon", "end": "2026-03-02T12:00Z"}]', "entry 1 has 'noon' as its start"),
        ('[{"start": "2026-03-02T12:00Z"}]', "entry 1 has None as its end"),
        ('[{"start": "2026-03-02T12:00Z", "end": "2026-03-02T11:00Z"}]', "entry 1 ends before it starts"),
    ],
)
def test_a_truth_that_cannot_be_used_says_where_and_how_to_write_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as raised:
        read(_file(tmp_path, text))

    assert "service,start,end,kind" in raised.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        read(tmp_path / "nowhere.json")
