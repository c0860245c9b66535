"""Pulling spans from a trace store, window after window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.live.parts import Clock, Reception, trace_of

from tracetune.errors import InvalidInput, Unavailable
from tracetune.sources.payloads import Format
from tracetune.sources.pull import (
    FIRST_SECONDS,
    MOST_SECONDS,
    OVERLAP_SECONDS,
    SETTLING_SECONDS,
    PullReceiver,
    Window,
)
from tracetune.testing.otlp_writer import request


class Windows:
    """A store that notes which windows it was asked for, and fails while told to."""

    name, address, format = "windows", "nowhere", Format.OTLP_PROTOBUF

    def __init__(self) -> None:
        self.asked: list[Window] = []
        self.failing = False
        self.answers: list[bytes] = []

    def fetch(self, window: Window) -> Iterator[bytes]:
        self.asked.append(window)
        yield from self.answers
        if self.failing:
            raise Unavailable("the store is away")


@pytest.fixture
def store() -> Windows:
    return Windows()


def _receiver(store: Windows, tmp_path: Path, clock: Clock, reception: Reception | None = None) -> PullReceiver:
    accept = (reception or Reception()).accept
    return PullReceiver(accept, store, tmp_path / "cursor", seconds=15.0, clock=clock)


def test_windows_follow_each_other_with_an_overlap_and_end_before_now(store: Windows, tmp_path: Path) -> None:
    clock = Clock()
    receiver = _receiver(store, tmp_path, clock)

    receiver.pull()
    clock.now += 15
    receiver.pull()

    first, second = store.asked
    assert first.end == clock.now - 15 - SETTLING_SECONDS
    assert first.end - first.start == pytest.approx(FIRST_SECONDS + OVERLAP_SECONDS)
    assert second.start == first.end - OVERLAP_SECONDS
    assert second.end == first.end + 15


def test_restart_asks_for_what_came_meanwhile_in_windows_of_an_hour(store: Windows, tmp_path: Path) -> None:
    clock = Clock()
    _receiver(store, tmp_path, clock).pull()
    stopped = store.asked[-1].end
    clock.now += 2.5 * MOST_SECONDS
    receiver = _receiver(store, tmp_path, clock)

    more = [receiver.pull() for _ in range(3)]

    assert more == [True, True, False]
    assert [each.end - stopped for each in store.asked[1:]] == [MOST_SECONDS, 2 * MOST_SECONDS, 2.5 * MOST_SECONDS]


def test_window_that_failed_is_asked_for_again(store: Windows, tmp_path: Path) -> None:
    clock = Clock()
    receiver = _receiver(store, tmp_path, clock)
    receiver.pull()
    store.failing = True
    clock.now += 60
    with pytest.raises(Unavailable):
        receiver.pull()
    store.failing = False
    clock.now += 60

    receiver.pull()

    assert store.asked[-1].start == store.asked[-2].start
    assert store.asked[-1].end > store.asked[-2].end


def test_answer_that_cannot_be_read_is_counted_and_holds_nothing_up(store: Windows, tmp_path: Path) -> None:
    reception = Reception()
    store.answers = [b"\xff\xff", request(trace_of(0))]
    receiver = _receiver(store, tmp_path, Clock(), reception)

    receiver.pull()

    assert (receiver.tally.refused, receiver.tally.spans) == (1, 2)
    assert len(reception.payloads) == 1


def test_time_that_stands_still_or_goes_back_asks_for_nothing(store: Windows, tmp_path: Path) -> None:
    clock = Clock()
    receiver = _receiver(store, tmp_path, clock)
    receiver.pull()
    clock.now -= 3600

    assert receiver.pull() is False
    assert len(store.asked) == 1


def test_cursor_that_is_no_time_is_said_and_never_guessed(store: Windows, tmp_path: Path) -> None:
    (tmp_path / "cursor").write_text("yesterday")

    with pytest.raises(InvalidInput, match="does not say where to go on"):
        _receiver(store, tmp_path, Clock()).pull()


def test_thread_says_what_is_wrong_and_recovers(store: Windows, tmp_path: Path) -> None:
    store.failing = True
    receiver = _receiver(store, tmp_path, Clock())

    receiver.start()
    try:
        _until(lambda: receiver.tally.problem == "the store is away")
        store.failing = False
        _until(lambda: receiver.tally.problem == "")
    finally:
        receiver.stop()


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        threading.Event().wait(0.02)
