from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tracetune.domain.notes import Feedback, Marker, Sending, Silence, SilenceKind
from tracetune.errors import NotFound, Unavailable
from tracetune.stores import notes
from tracetune.stores.notes import NoteBook

SNOOZE = Silence("", SilenceKind.SNOOZE, "INC-1", "", 100.0, math.inf, "known", "ada")
SAID = Feedback("", "a-1", "payments", "Authorize", "slower", 4.0, 600.0, "no", "ada")
RELEASE = Marker("", 700.0, "release", "4.18.0", "payments", "")
SENT = Sending("", "INC-1", "webhook", "opened", 90.0)


def test_notes_survive_the_book_that_wrote_them(tmp_path: Path) -> None:
    book = NoteBook(tmp_path / "notes.sqlite")
    kept: list[Silence | Feedback | Marker | Sending] = [book.add(SNOOZE), book.add(SAID), book.add(RELEASE)]
    kept.append(book.add(SENT))
    book.close()

    notes = NoteBook(tmp_path / "notes.sqlite").notes()

    assert [*notes.silences, *notes.feedback, *notes.markers, *notes.sendings] == kept
    assert all(each.id for each in kept)


def test_notes_survive_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    script = (
        "import os, signal, pathlib\n"
        "from tracetune.stores.notes import NoteBook\n"
        "from tracetune.domain.notes import Marker\n"
        f"book = NoteBook(pathlib.Path({str(path)!r}))\n"
        "for n in range(20): book.add(Marker('', float(n), 'event', 'x', '', ''))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    ended = subprocess.run([sys.executable, "-c", script], check=False)  # noqa: S603 - our own script

    assert ended.returncode == -9
    assert len(NoteBook(path).notes().markers) == 20


def test_a_note_can_be_taken_back(tmp_path: Path) -> None:
    book = NoteBook(tmp_path / "notes.sqlite")
    kept = book.add(SAID)

    book.remove(kept.id)

    assert book.notes().feedback == ()
    with pytest.raises(NotFound):
        book.remove(kept.id)


def test_what_has_passed_is_forgotten_in_time() -> None:
    book = NoteBook()
    book.add(Silence("", SilenceKind.MAINTENANCE, "", "cart", 0.0, 50.0, "", ""))
    book.add(SNOOZE)

    book.forget_before(60.0)

    assert [each.incident_id for each in book.notes().silences] == ["INC-1"]


def test_the_oldest_events_and_sent_alerts_go_though_nobody_says_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST_MARKERS", 3)
    monkeypatch.setattr(notes, "MOST_SENDINGS", 2)
    book = NoteBook()
    for time in (5.0, 1.0, 4.0, 2.0, 3.0):
        book.add(dataclasses.replace(RELEASE, time=time))
        book.add(dataclasses.replace(SENT, time=time))

    kept = book.notes()

    assert sorted(each.time for each in kept.markers) == [3.0, 4.0, 5.0]
    assert sorted(each.time for each in kept.sendings) == [4.0, 5.0]


def test_what_was_told_of_an_incident_is_remembered(tmp_path: Path) -> None:
    NoteBook(tmp_path / "notes.sqlite").keep_alert("slack", "INC-1", {"cause": "payments"})
    again = NoteBook(tmp_path / "notes.sqlite")

    assert again.alerts("slack") == {"INC-1": {"cause": "payments"}}
    assert again.alerts("webhook") == {}
    again.keep_alert("slack", "INC-1", None)
    assert again.alerts("slack") == {}


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_bytes(b"this is no database, but long enough to look like a header of one")

    with pytest.raises(Unavailable, match="notes"):
        NoteBook(tmp_path / "notes.sqlite")
