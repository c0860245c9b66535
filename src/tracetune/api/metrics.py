"""The route /metrics: what was found and how the process is doing, in the form that the scraper asks for."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from tracetune import __version__
from tracetune.api.context import Context, context_of
from tracetune.sinks.prometheus import Vitals, families, process

router = APIRouter()


class _Present(Collector):
    """Everything to expose, of one moment."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[Metric]:
        shown = self._context.snapshots.current()
        yield from shown.remembered(("metrics",), lambda: list(families(shown.analysis)))
        yield from process(_vitals(self._context))


@router.get(
    "/metrics",
    responses={200: {"description": "Prometheus text, or OpenMetrics with exemplars.", "content": {"text/plain": {}}}},
    tags=["status"],
)
def get_metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(_Present(context_of(request))), media_type=media_type)


def _vitals(context: Context) -> Vitals:
    snapshot = context.publisher.current()
    status = snapshot.status
    return Vitals(
        version=__version__,
        received=status.received,
        dropped=status.dropped,
        alerts=context.alerter.counts(),
        held_spans=status.held_spans,
        lag_seconds=status.lag_seconds,
        journal_bytes=status.journal_bytes,
        closed_minute=snapshot.closed_minute,
    )
