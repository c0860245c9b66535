"""The routes by which people say something: snoozes, feedback, events, and a test of the alerts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from tracetune.api.answers import answer
from tracetune.api.context import Context, context_of
from tracetune.api.incidents import dismissible
from tracetune.api.notices import (
    AlertTest,
    ChannelItem,
    Event,
    FeedbackItem,
    NewEvent,
    NewFeedback,
    NewSilence,
    SilenceItem,
)
from tracetune.api.openapi import failures, returns, takes
from tracetune.api.overview import event
from tracetune.api.windows import instant, rfc3339
from tracetune.domain.notes import Feedback, Marker, Silence, SilenceKind
from tracetune.errors import InvalidInput, NotFound

router = APIRouter(prefix="/api/v1")

LONGEST_SECONDS = 30 * 86_400.0
"""Nothing but one incident can be silenced for longer: there is no endless mute."""

_DURATION = re.compile(r"(\d{1,5})(m|h|d)")
_UNITS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0}
_Body = TypeVar("_Body", bound=msgspec.Struct)
_GONE = {204: {"description": "It is gone."}, **failures()}


async def _raw(request: Request) -> bytes:
    return await request.body()


Raw = Annotated[bytes, Depends(_raw)]


def decoded(raw: bytes, kind: type[_Body]) -> _Body:
    """A request's body as its struct.

    Raises:
        InvalidInput: it is not JSON, or not of that form; it says where.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        fields = ", ".join(kind.__struct_fields__)
        raise InvalidInput(f"the body is not usable: {error}", hint=f"send JSON with: {fields}") from None


@router.get("/events", responses=returns(Event, many=True), tags=["events"])
def get_events(request: Request) -> Response:
    """Everything that was recorded, by time."""
    return answer(request, [event(each) for each in context_of(request).notebook.notes().markers])


@router.post(
    "/events", status_code=201, responses=returns(Event, status=201), openapi_extra=takes(NewEvent), tags=["events"]
)
def post_event(request: Request, raw: Raw) -> Response:
    """Record that something happened: a release, a migration, a load test."""
    context, new = context_of(request), decoded(raw, NewEvent)
    now = context.clock()
    time = instant(new.time, now) if new.time else now
    kept = context.notebook.add(Marker("", time, new.kind, new.text, new.service_name, _link(new.link)))
    return _created(event(kept))


@router.get("/snoozes", responses=returns(SilenceItem, many=True), tags=["alerts"])
def get_snoozes(request: Request) -> Response:
    """Every snooze and maintenance window that has not ended."""
    context = context_of(request)
    now = context.clock()
    return answer(request, [_silence(each) for each in context.notebook.notes().silences if each.until > now])


@router.post(
    "/snoozes",
    status_code=201,
    responses=returns(SilenceItem, status=201),
    openapi_extra=takes(NewSilence),
    tags=["alerts"],
)
def post_snooze(request: Request, raw: Raw) -> Response:
    """Hold back alerts about an incident, a service or everything; judging and recording go on."""
    context, new = context_of(request), decoded(raw, NewSilence)
    context.notebook.forget_before(context.clock() - LONGEST_SECONDS)
    kept = context.notebook.add(_checked(new, context, _author(request)))
    context.alerter.wake()
    return _created(_silence(kept))


@router.delete("/snoozes/{note_id}", status_code=204, responses=_GONE, tags=["alerts"])
def delete_snooze(request: Request, note_id: str) -> Response:
    """End a snooze or a maintenance window now."""
    return _remove(request, note_id, [each.id for each in context_of(request).notebook.notes().silences])


@router.get("/feedback", responses=returns(FeedbackItem, many=True), tags=["alerts"])
def get_feedback(request: Request) -> Response:
    """What was said to be no anomaly."""
    return answer(request, [_feedback(each) for each in context_of(request).notebook.notes().feedback])


@router.post(
    "/feedback",
    status_code=201,
    responses=returns(FeedbackItem, many=True, status=201),
    openapi_extra=takes(NewFeedback),
    tags=["alerts"],
)
def post_feedback(request: Request, raw: Raw) -> Response:
    """Say that an anomaly, or all of an incident, is none: its alerts end at once; each item can be undone."""
    context, new = context_of(request), decoded(raw, NewFeedback)
    now, author = context.clock(), _author(request)
    kept = [
        context.notebook.add(Feedback("", each.id, *each.key, each.kind.value, each.score, now, new.comment, author))
        for each in dismissible(context.snapshots.current(), new.id)
    ]
    context.alerter.wake()
    return _created([_feedback(each) for each in kept])


@router.delete("/feedback/{note_id}", status_code=204, responses=_GONE, tags=["alerts"])
def delete_feedback(request: Request, note_id: str) -> Response:
    """Take it back: the anomaly is one again, at once."""
    return _remove(request, note_id, [each.id for each in context_of(request).notebook.notes().feedback])


@router.get("/alerts", responses=returns(ChannelItem, many=True), tags=["alerts"])
def get_alerts(request: Request) -> Response:
    """The ways out for alerts, and how each is doing."""
    channels = context_of(request).alerter.channels
    return answer(request, [ChannelItem(c.sink.name, c.least, c.sent, c.failed, c.problem) for c in channels])


@router.post("/alerts/test", responses=returns(AlertTest, many=True), tags=["alerts"])
async def post_alert_test(request: Request) -> Response:
    """Send a test message by every channel."""
    found = await context_of(request).alerter.test()
    return answer(request, [AlertTest(name, problem) for name, problem in found.items()])


def _checked(new: NewSilence, context: Context, author: str) -> Silence:
    """The silence that is asked for.

    Raises:
        InvalidInput: it would never end, has ended, or starts after its end.
        NotFound: there is no such incident or service.
    """
    shown, now = context.snapshots.current(), context.clock()
    if new.incident_id and new.incident_id not in shown.incidents:
        raise NotFound(
            f"there is no incident {new.incident_id!r}", hint="'GET /api/v1/incidents' lists those on record"
        )
    start = instant(new.start, now) if new.start else now
    until = instant(new.until, now) if new.until else start + _lasts(new.lasts)
    if not new.incident_id and until - start > LONGEST_SECONDS:
        raise InvalidInput(
            "this silence would last more than 30 days",
            hint="give an earlier end; only one incident can be silenced until it is resolved",
        )
    if until <= max(start, now):
        raise InvalidInput(f"this silence would have ended at {rfc3339(until)}", hint="give an end in the future")
    kind = new.kind or (SilenceKind.SNOOZE if new.incident_id else SilenceKind.MAINTENANCE)
    if kind not in set(SilenceKind):
        raise InvalidInput(f"kind is {kind!r}", hint="use snooze or maintenance")
    return Silence("", SilenceKind(kind), new.incident_id, new.service_name, start, until, new.reason, author)


def _lasts(text: str) -> float:
    if text == "resolved":
        return math.inf
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text!r} is no duration", hint="use 30m, 2h, 1d, or resolved")
    return int(found[1]) * _UNITS[found[2]]


def _silence(each: Silence) -> SilenceItem:
    until = rfc3339(each.until) if math.isfinite(each.until) else "resolved"
    return SilenceItem(
        each.id, each.kind, each.incident_id, each.service_name, rfc3339(each.start), until, each.reason, each.author
    )


def _feedback(each: Feedback) -> FeedbackItem:
    effect = (
        f"no alerts about {each.service_name} {each.span_name} ({each.kind}) while it departs no further than this time"
    )
    return FeedbackItem(
        id=each.id,
        anomaly_id=each.anomaly_id,
        service_name=each.service_name,
        span_name=each.span_name,
        kind=each.kind,
        time=rfc3339(each.time),
        comment=each.comment,
        author=each.author,
        effect=effect,
    )


def _remove(request: Request, note_id: str, known: Sequence[str]) -> Response:
    if note_id not in known:
        raise NotFound(f"there is nothing with the id {note_id!r}", hint=f"ids: {', '.join(known[:8]) or 'none'}")
    context_of(request).notebook.remove(note_id)
    context_of(request).alerter.wake()
    return Response(status_code=204)


def _author(request: Request) -> str:
    return str(request.scope["state"]["caller"].user)


def _link(link: str) -> str:
    if link and not link.startswith(("https://", "http://")):
        raise InvalidInput(f"{link[:50]!r} is no link", hint="begin it with https://")
    return link


def _created(value: msgspec.Struct | Sequence[msgspec.Struct]) -> Response:
    return Response(msgspec.json.encode(value), 201, media_type="application/json")
