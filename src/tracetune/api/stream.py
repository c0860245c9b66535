"""What happens, as server-sent events: a page that listens need not ask again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from tracetune.api.context import Context, context_of
from tracetune.api.notices import StreamEvent
from tracetune.api.openapi import failures
from tracetune.domain import words
from tracetune.live.events import Event, IncidentChanged, IncidentEnded, IncidentOpened, MinuteClosed, TrainingProgress

router = APIRouter(prefix="/api/v1")

QUIET_SECONDS = 15.0
"""A comment is sent after so long without an event: proxies cut off connections that say nothing for a minute."""

_KINDS = {IncidentOpened: "incident_opened", IncidentChanged: "incident_changed", IncidentEnded: "incident_ended"}


@router.get(
    "/stream",
    responses={200: {"description": "Events, each a StreamEvent.", "content": {"text/event-stream": {}}}, **failures()},
    tags=["status"],
)
async def get_stream(request: Request) -> StreamingResponse:
    """Events as they happen: snapshot, incident_opened, incident_changed, incident_ended, training."""
    context = context_of(request)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_lines(context), media_type="text/event-stream", headers=headers)


async def _lines(context: Context) -> AsyncIterator[bytes]:
    """The present first, then events; a slow reader misses events, never the present.

    Source: HTML Living Standard, 9.2 "Server-sent events".
    """
    events = context.publisher.subscribe()
    coming = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)  # it has subscribed now, so that nothing is missed between the present and what follows
    try:
        yield b"retry: 2000\n\n" + _message(_present(context))
        while True:
            done, _ = await asyncio.wait({coming}, timeout=QUIET_SECONDS)
            if not done:
                yield b": quiet\n\n"
                continue
            event = coming.result()
            coming = asyncio.ensure_future(anext(events))
            yield _message(_told(context, event))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await events.aclose()


def _told(context: Context, event: Event) -> StreamEvent:
    if isinstance(event, MinuteClosed):
        return _present(context)
    if isinstance(event, TrainingProgress):
        return StreamEvent(
            "training", context.publisher.current().version, done=event.done, total=event.total, text=event.failed
        )
    incident, ranking = event.record.incident, event.record.ranking
    return StreamEvent(
        _KINDS[type(event)],
        context.publisher.current().version,
        incident_id=incident.id,
        severity=incident.severity,
        text=ranking.headline if ranking else incident.anomalies[0].why,
    )


def _present(context: Context) -> StreamEvent:
    snapshot = context.publisher.current()
    headline = snapshot.analysis.headline if snapshot.analysis else "Waiting for the first spans."
    closed = words.timestamp(snapshot.closed_minute) if snapshot.closed_minute >= 0 else ""
    return StreamEvent("snapshot", snapshot.version, text=headline, time=closed)


def _message(event: StreamEvent) -> bytes:
    return (
        b"event: "
        + event.kind.encode()
        + b"\nid: "
        + str(event.snapshot).encode()
        + b"\ndata: "
        + msgspec.json.encode(event)
        + b"\n\n"
    )
