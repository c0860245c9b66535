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


class SessionItem(msgspec.Struct, frozen=True):
    """Who asks, and what that allows."""

    role: str  # nobody, ingest, read or admin
    user: str  # as a proxy says; "" where none does
    until: str | None  # when the browser's session ends; null without one
    asks_for_token: bool  # whether this server has tokens, so that there is something to sign in with


class NewSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Show a token, to be known by a cookie afterwards."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class JobItem(msgspec.Struct, frozen=True):
    """A training: asked for, or due by itself."""

    id: str
    kind: str  # train
    by_hand: bool  # somebody asked for it
    state: str  # waiting, running, done, failed or cancelled
    asked: str
    began: str | None
    ended: str | None
    seconds: float  # since it began, until its end
    done: int  # metrics learned
    total: int
    seconds_left: float | None  # by the pace so far; null where that says nothing
    text: str  # what it learns from, or why it failed


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


class SilenceItem(msgspec.Struct, frozen=True):
    """No alerts about something for a time."""

    id: str
    kind: str  # snooze or maintenance
    incident_id: str  # "" for any
    service_name: str  # "" for any
    start: str
    until: str  # RFC 3339, or "resolved"
    reason: str
    author: str


class NewSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold back alerts: about one incident (a snooze), or about a service or everything for a while (maintenance)."""

    incident_id: Text = ""
    service_name: Text = ""
    lasts: Text = "2h"  # 30m, 2h, 1d, or "resolved" for one incident
    start: Text = ""  # now by default
    until: Text = ""  # RFC 3339; instead of ``lasts``
    reason: Text = ""
    kind: Text = ""  # snooze or maintenance; by default by what it is about


class FeedbackItem(msgspec.Struct, frozen=True):
    """An anomaly that was said to be none."""

    id: str
    anomaly_id: str
    service_name: str
    span_name: str
    kind: str
    time: str
    comment: str
    author: str
    effect: str  # what it does, as a sentence


class NewFeedback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say that an anomaly, or every anomaly of an incident, is none."""

    id: Name
    comment: Text = ""


class ChannelItem(msgspec.Struct, frozen=True):
    """One way out for alerts."""

    name: str
    least_severity: str
    sent: int
    failed: int
    problem: str


class AlertTest(msgspec.Struct, frozen=True):
    """How a test message went."""

    channel: str
    problem: str  # "" where it was taken
