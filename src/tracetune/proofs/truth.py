"""What really happened in a history: incidents from the lab's truth, a JSON list or a CSV file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracetune.clock import NANOS_PER_MINUTE
from tracetune.errors import InvalidInput

HARMLESS = frozenset(
    {
        "clock_skew",
        "head_sampling",
        "long_poll",
        "missing",
        "mix_shift",
        "release",
        "span_loss",
        "surge",
        "traffic_surge",
    }
)
"""Kinds of what happened that should wake nobody: a page for one of them is a false one."""

_HINT = (
    'give the lab\'s truth.json, a JSON list of {"service": …, "start": "2026-03-02T14:10:00Z", "end": …, "kind": …}, '
    "or CSV with the header service,start,end,kind"
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened.

    Attributes:
        service_name: where it began; "" where that is not one service.
        start, end: minutes since the Unix epoch, half-open and at least one minute apart.
    """

    kind: str
    service_name: str
    start: int
    end: int

    @property
    def is_fault(self) -> bool:
        """Whether somebody should be woken for it."""
        return self.kind not in HARMLESS


def read(path: Path) -> tuple[Happening, ...]:
    """What the file says, by start.

    Raises:
        InvalidInput: The file cannot be read, or an entry of it is not as it should be; it says which one.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read the truth {path}: {error}", hint=_HINT) from None
    try:
        entries = list(_csv(text) if path.suffix.lower() == ".csv" else _json(text))
    except ValueError as error:
        raise InvalidInput(f"the truth {path} cannot be used: {error}", hint=_HINT) from None
    return tuple(sorted(entries, key=lambda each: (each.start, each.service_name)))


def _json(text: str) -> Iterator[Happening]:
    document = json.loads(text)
    entries = document.get("faults") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise ValueError("it is neither a list nor an object with the list 'faults'")  # noqa: TRY004 - told to a user
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise ValueError(f"entry {number} is no object")  # noqa: TRY004
        yield _happening(entry, f"entry {number}")


def _csv(text: str) -> Iterator[Happening]:
    rows = csv.DictReader(io.StringIO(text))
    for number, row in enumerate(rows, start=2):
        yield _happening(row, f"line {number}")


def _happening(entry: Mapping[str, Any], where: str) -> Happening:
    start, end = (_minute(entry, name, where) for name in ("start", "end"))
    if end < start:
        raise ValueError(f"{where} ends before it starts")
    service = entry.get("service_name", entry.get("service")) or ""
    return Happening(str(entry.get("kind") or "fault"), str(service), start, max(end, start + 1))


def _minute(entry: Mapping[str, Any], name: str, where: str) -> int:
    nanos = entry.get(f"{name}_unix_nano")
    if isinstance(nanos, int):
        return nanos // NANOS_PER_MINUTE
    text = entry.get(name)
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"{where} has {text!r} as its {name}, which is no time as 2026-03-02T14:10:00Z") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()) // 60
