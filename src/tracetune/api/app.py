"""Builds the server's HTTP application over a publisher: routes, guard, pages."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware

from tracetune import __version__
from tracetune.api import login, metrics, pages, reading, reference, saying, stream, training
from tracetune.api.access import Access
from tracetune.api.alerting import Alerter, Channel
from tracetune.api.answers import answer
from tracetune.api.context import Context, context_of
from tracetune.api.external_metrics import serve_external_metrics
from tracetune.api.guard import Guard, Limits, Prefix
from tracetune.api.notices import Health
from tracetune.api.openapi import returns
from tracetune.api.preparing import prepare_all
from tracetune.api.problems import handle_problems, problem
from tracetune.api.snapshots import Snapshots
from tracetune.api.tracing import Traced
from tracetune.clock import Clock, system_clock
from tracetune.live.jobs import Jobs
from tracetune.live.publisher import Publisher
from tracetune.sinks.own_traces import OwnTraces
from tracetune.stores.notes import NoteBook

LEAST_COMPRESSED_BYTES = 1_000

health = APIRouter(tags=["status"])


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve.

    Attributes:
        prefix: the path under which a proxy shows the server, as "/tracetune"; "" for the root.
        external_metrics: host, port and TLS of Kubernetes' external metrics API; None where it is not served.
        scaler_address: where KEDA may ask for advised replicas, as "0.0.0.0:8788"; "" where it may not.
        channels, external_url: where alerts go, and the address of this server that they link to.
        links: templates of other tools' addresses by name, as ``trace: https://jaeger/trace/{trace_id}``.
        jobs: trainings of this process; None where it learns nothing.
        traces: takes a span of each request; None takes none.
    """

    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)
    prefix: str = ""
    links: dict[str, str] = field(default_factory=dict)
    channels: Sequence[Channel] = ()
    external_url: str = ""
    scaler_address: str = ""
    external_metrics: tuple[str, int, ssl.SSLContext] | None = None
    clock: Clock = system_clock
    jobs: Jobs | None = None
    traces: OwnTraces | None = None


def create_app(publisher: Publisher, notebook: NoteBook | None = None, options: Options | None = None) -> FastAPI:
    """The application; without a notebook, what people say is kept in memory only."""
    chosen = options or Options()
    app = FastAPI(
        title="tracetune",
        version=__version__,
        description="What is normal for every operation, what broke and why, and how to tune it. Times are UTC.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_beside(publisher, chosen),
    )
    book = notebook if notebook is not None else NoteBook()
    alerter = Alerter(publisher, book, chosen.channels, chosen.external_url, chosen.clock)
    app.state.context = Context(Snapshots(publisher), book, alerter, dict(chosen.links), chosen.clock, chosen.jobs)
    app.state.access = chosen.access
    handle_problems(app)
    for router in (
        health,
        metrics.router,
        reading.router,
        saying.router,
        login.router,
        training.router,
        stream.router,
        reference.router,
        pages.router,
    ):
        app.include_router(router)
    if chosen.traces is not None:
        app.add_middleware(Traced, traces=chosen.traces)
    app.add_middleware(GZipMiddleware, minimum_size=LEAST_COMPRESSED_BYTES, compresslevel=5)
    app.add_middleware(Guard, access=chosen.access, limits=chosen.limits)
    app.add_middleware(Prefix, prefix=chosen.prefix)
    return app


def _beside(publisher: Publisher, options: Options) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs for as long as the application does: snapshots are prepared, alerts are sent, and KEDA is answered."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        context: Context = app.state.context
        alerter = context.alerter
        tasks = [asyncio.create_task(prepare_all(context.snapshots))]
        if alerter.channels:
            tasks.append(asyncio.create_task(alerter.run()))
        if options.scaler_address:
            tasks.append(asyncio.create_task(_scaler(publisher, options.scaler_address)))
        if options.external_metrics:
            tasks.append(asyncio.create_task(serve_external_metrics(publisher, *options.external_metrics)))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(channel.sink.close() for channel in alerter.channels), return_exceptions=True)

    return running


async def _scaler(publisher: Publisher, address: str) -> None:
    from tracetune.api.scaler import serve_scaler  # noqa: PLC0415 - needs protobuf, an extra

    await serve_scaler(publisher, address)


@health.get("/healthz", responses=returns(Health))
def get_health(request: Request) -> Response:
    """Whether the process answers."""
    return answer(request, Health("ok"))


@health.get("/readyz", responses=returns(Health))
def get_ready(request: Request) -> Response:
    """Whether spans are received and judged; 503 while not."""
    if context_of(request).publisher.current().status.ready:
        return answer(request, Health("ok"))
    return problem(
        503, "unavailable", "not ready yet", "wait for the receivers and the store to open", request.url.path
    )
