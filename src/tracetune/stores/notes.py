"""Keeps what was said (silences, feedback, events, alerts sent) in one small SQLite file that survives the process."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tracetune.domain.notes import Feedback, Marker, Notes, Sending, Silence, SilenceKind
from tracetune.errors import NotFound, Unavailable

Note = Silence | Feedback | Marker | Sending
_Kind = TypeVar("_Kind", Silence, Feedback, Marker, Sending)
_PREFIXES: dict[type[Note], str] = {Silence: "s", Feedback: "f", Marker: "e", Sending: "a"}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    channel TEXT, incident_id TEXT, body TEXT NOT NULL, PRIMARY KEY (channel, incident_id)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
MOST_MARKERS = 10_000
"""The oldest events beyond this many are dropped: a pipeline may record one a minute for a week."""

MOST_SENDINGS = 5_000
"""The same of alerts that were sent."""


class NoteBook:
    """Notes on disk, or in memory where no path is given; every method may be called from any thread.

    A note is on disk when the method that wrote it returns.

    Raises:
        Unavailable: the file cannot be opened or written to.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        with _told(path):
            self._database = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)
        self._path = path
        self._notes = self._read()

    def notes(self) -> Notes:
        """Everything that was said and still holds."""
        return self._notes

    def add(self, note: _Kind) -> _Kind:
        """Keep a note under a new id, which the result has; the oldest events and sent alerts beyond their bounds go."""
        kept = dataclasses.replace(note, id=f"{_PREFIXES[type(note)]}-{secrets.token_hex(3)}")
        self._change(
            "INSERT INTO notes VALUES (?, ?, ?)", (kept.id, _PREFIXES[type(kept)], json.dumps(dataclasses.asdict(kept)))
        )
        self._forget([*self._notes.markers[:-MOST_MARKERS], *self._notes.sendings[:-MOST_SENDINGS]])
        return kept

    def remove(self, note_id: str) -> None:
        """Forget a note.

        Raises:
            NotFound: there is none with this id.
        """
        if not self._change("DELETE FROM notes WHERE id = ?", (note_id,)):
            raise NotFound(f"there is no note {note_id!r}", hint="it may have been removed already")

    def forget_before(self, time: float) -> None:
        """Drop silences that ended before this time."""
        self._forget([each for each in self._notes.silences if each.until < time])

    def _forget(self, notes: Sequence[Note]) -> None:
        for each in notes:
            self._change("DELETE FROM notes WHERE id = ?", (each.id,))

    def alerts(self, channel: str) -> dict[str, dict[str, Any]]:
        """What a channel was told of each incident, by its id: whatever ``keep_alert`` was given."""
        with self._lock, _told(self._path):
            rows = self._database.execute(
                "SELECT incident_id, body FROM alerts WHERE channel = ?", (channel,)
            ).fetchall()
        return {incident_id: json.loads(body) for incident_id, body in rows}

    def keep_alert(self, channel: str, incident_id: str, told: dict[str, Any] | None) -> None:
        """Remember what a channel was told of an incident; None forgets it."""
        with self._lock, _told(self._path):
            if told is None:
                statement = "DELETE FROM alerts WHERE channel = ? AND incident_id = ?"
                self._database.execute(statement, (channel, incident_id))
            else:
                row = (channel, incident_id, json.dumps(told))
                self._database.execute("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _change(self, statement: str, values: tuple[str, ...]) -> int:
        with self._lock, _told(self._path):
            changed = self._database.execute(statement, values).rowcount
            self._notes = self._read()
        return changed

    def _read(self) -> Notes:
        found: dict[str, list[Any]] = {"s": [], "f": [], "e": [], "a": []}
        for kind, body in self._database.execute("SELECT kind, body FROM notes ORDER BY id"):
            found[kind].append(json.loads(body))
        return Notes(
            tuple(Silence(**{**each, "kind": SilenceKind(each["kind"])}) for each in found["s"]),
            tuple(Feedback(**each) for each in found["f"]),
            tuple(sorted((Marker(**each) for each in found["e"]), key=lambda each: each.time)),
            tuple(sorted((Sending(**each) for each in found["a"]), key=lambda each: each.time)),
        )


@contextlib.contextmanager
def _told(path: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(
            f"the notes in {path or 'memory'} cannot be used: {error}", hint="free space, or mend the file's rights"
        ) from error
