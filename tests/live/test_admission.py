"""Requests are acknowledged when they are on disk, turned away when too many wait, and folded in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.live.parts import FIRST_MINUTE, Clock, otlp, trace_of

from tracetune.errors import InvalidInput, Unavailable
from tracetune.live.admission import Admission, Save
from tracetune.live.fold import Emission, Fold
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Overloaded, Payload
from tracetune.stores.journal import Journal
from tracetune.testing.minutes import sorted_rows

Given = list[Emission | Save]


def opened(directory: Path, give: Callable[[Emission | Save], None], *, pending_bytes: int = 1 << 20) -> Admission:
    return Admission(Journal(directory), Fold(1000, 10), give, pending_bytes=pending_bytes, clock=Clock())


def closed(given: Given) -> list[tuple[int, object]]:
    return [(each.number, sorted_rows(each.summary.minutes)) for each in given if isinstance(each, Emission)]


def test_receipt_says_how_many_spans_are_on_disk(tmp_path: Path) -> None:
    admission = opened(tmp_path, Given().append)
    admission.replay()
    admission.start()

    receipts = [admission.accept(otlp(trace_of(0, number))) for number in range(20)]

    assert [each.result().spans for each in receipts] == [2] * 20
    assert {record.kind for record in Journal(tmp_path).replay()} == {int(Format.OTLP_PROTOBUF), 65}
    assert admission.received == {"otlp_http": 40}
    admission.stop()


def test_request_that_cannot_be_read_is_refused_and_others_of_its_group_are_not(tmp_path: Path) -> None:
    admission = opened(tmp_path, Given().append)
    admission.replay()
    receipts = [
        admission.accept(otlp(trace_of(0))),
        admission.accept(Payload("otlp_http", Format.OTLP_PROTOBUF, b"\xff")),
        admission.accept(otlp(trace_of(0, 1))),
    ]
    admission.start()

    assert (receipts[0].result().spans, receipts[2].result().spans) == (2, 2)
    with pytest.raises(InvalidInput, match="no well-formed OTLP message"):
        receipts[1].result()
    admission.stop()


def test_requests_beyond_the_bound_are_turned_away_until_there_is_room(tmp_path: Path) -> None:
    payload = otlp(trace_of(0))
    admission = opened(tmp_path, Given().append, pending_bytes=2 * len(payload.data))
    admission.replay()
    waiting = [admission.accept(payload), admission.accept(payload)]  # nobody takes them yet

    with pytest.raises(Overloaded):
        admission.accept(payload)
    admission.start()
    for each in waiting:
        each.result()

    assert admission.accept(payload).result().spans == 2
    admission.stop()


def test_full_disk_refuses_the_requests_and_is_told_until_it_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: Given = []
    admission = opened(tmp_path, given.append)
    admission.replay()
    admission.start()

    def full(_file: int, _pieces: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tracetune.stores.journal._write", full)
        with pytest.raises(Unavailable, match="No space left on device"):
            admission.accept(otlp(trace_of(0))).result()
        said = admission.problem
    assert admission.accept(otlp(trace_of(0, 1))).result().spans == 2
    admission.close_minute(FIRST_MINUTE)
    admission.stop()

    assert "No space left on device" in said
    assert admission.problem == ""
    assert [each.summary.spans for each in given if isinstance(each, Emission)] == [2, 0]


def test_what_is_replayed_gives_the_same_minutes_under_the_same_numbers(tmp_path: Path) -> None:
    given: Given = []
    admission = opened(tmp_path, given.append)
    admission.replay()
    admission.start()
    for minute in range(4):
        for number in range(10):
            admission.accept(otlp(trace_of(minute, number))).result()
        admission.accept(otlp(trace_of(max(0, minute - 1), 3))).result()
        admission.close_minute(FIRST_MINUTE + minute)
    admission.accept(otlp(trace_of(9))).result()

    again: Given = []
    second = opened(tmp_path, again.append)  # as after a kill: the first was not stopped
    spans = second.replay()

    assert spans == 4 * 22 + 2
    assert closed(again) == closed(given)
    assert len(closed(again)) == 4
    assert second.held_spans == admission.held_spans == 2
    admission.stop()


def test_state_at_the_end_stands_for_the_whole_journal(tmp_path: Path) -> None:
    given: Given = []
    admission = opened(tmp_path, given.append)
    admission.replay()
    admission.start()
    admission.accept(otlp(trace_of(0))).result()
    admission.stop()

    (save,) = (each for each in given if isinstance(each, Save))

    journal = Journal(tmp_path)
    assert list(journal.replay(save.position)) == []
    assert save.checkpoint.tables["newer"].num_rows == 2


def test_nothing_is_accepted_while_stopping(tmp_path: Path) -> None:
    admission = opened(tmp_path, Given().append)
    admission.replay()
    admission.start()
    admission.stop()

    with pytest.raises(Unavailable, match="stopping"):
        admission.accept(otlp(trace_of(0)))


def held(gate: threading.Event) -> None:
    gate.wait()


def test_store_that_does_not_keep_up_holds_requests_up_and_not_the_memory(tmp_path: Path) -> None:
    payload = otlp(trace_of(0))
    gate = threading.Event()
    admission = opened(tmp_path, lambda _: held(gate), pending_bytes=3 * len(payload.data))
    admission.replay()
    admission.start()
    admission.accept(payload).result()
    admission.close_minute(FIRST_MINUTE)

    refused = 0
    for _ in range(50):
        try:
            admission.accept(payload)
        except Overloaded:
            refused += 1
    gate.set()
    admission.stop()

    assert refused >= 45
