"""What the server says of itself, and what people may say to it: errors, status, events.

Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=500)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Problem(msgspec.Struct, frozen=True):
    """An error. Source: RFC 9457, section 3; ``code`` and ``hint`` are extensions."""

    type: str  # urn:tracetune:error:CODE
    title: str
    status: int
    detail: str  # what is wrong, with which value
    code: str
    hint: str  # what to do
    instance: str  # the path that was asked


class Health(msgspec.Struct, frozen=True):
    """Whether the process can do its work."""

    status: str  # ok, or why not


class Status(msgspec.Struct, frozen=True):
    """What this server is and how far it is."""

    name: str
    version: str
    snapshot: int  # rises with every analysis that is published
    start: str | None  # of the minutes that are held
    end: str | None  # the end of the last minute closed
    services: int
    operations: int
    traces: int
    spans: int
    missing_minutes: int
    learned: bool  # whether there is anything to judge by
    limits: list[str]
    links: dict[str, str]  # templates of other tools: trace, compare, logs, runbook
    details: dict[str, str]  # of the process: receivers, queue, training


class StreamEvent(msgspec.Struct, frozen=True):
    """Something that happened, as the stream tells it."""

    kind: str  # snapshot, incident_opened, incident_changed, incident_ended, training
    snapshot: int  # ask for everything again when it rises
    text: str = ""
    time: str = ""
    incident_id: str = ""
    severity: str = ""
    done: int = 0  # of training
    total: int = 0


class Event(msgspec.Struct, frozen=True):
    """Something that people or pipelines did: a release, a migration, a test."""

    id: str
    time: str
    kind: str
    text: str
    service_name: str
    link: str


class NewEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event to record; now, if no time is given."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    kind: Name = "event"
    service_name: Text = ""
    time: Text = ""
    link: Text = ""
