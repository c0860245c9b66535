"""Receives spans over OTLP/HTTP, OTLP/gRPC and Zipkin v2, and hands on the bytes as they came."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import grpc
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

EXPORT_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


class Sink:
    """The lab's collector: counts spans per service and passes each payload to `keep`.

    `lost_ratio` above 0 makes it lose that part of the spans at random, one by one, as a
    collector without memory does; what was lost is counted and not kept.
    """

    def __init__(self, keep: Callable[[bytes], None], seed: int) -> None:
        """Pass payloads to `keep`; losses are drawn from `seed`."""
        self.keep = keep
        self._rng = random.Random(seed)
        self.lost_ratio = 0.0
        self.received = 0
        self.lost = 0
        self.requests = 0
        self._runner: web.AppRunner | None = None
        self._server: grpc.aio.Server | None = None

    async def start(self, http_port: int, grpc_port: int) -> None:
        """Listen on both ports of the loopback."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/traces", self._otlp_http)
        app.router.add_post("/api/v2/spans", self._zipkin)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", http_port).start()
        self._server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(self._otlp_grpc)
        self._server.add_generic_rpc_handlers([_OneMethod(handler)])
        self._server.add_insecure_port(f"127.0.0.1:{grpc_port}")
        await self._server.start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await self._server.stop(0.5)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _otlp_http(self, request: web.Request) -> web.Response:
        self._take_otlp(await request.read())
        return web.Response(body=b"", content_type="application/x-protobuf")

    async def _otlp_grpc(self, payload: bytes, _context: object) -> bytes:
        self._take_otlp(payload)
        return b""

    async def _zipkin(self, request: web.Request) -> web.Response:
        payload = await request.read()
        spans = json.loads(payload)
        kept = [span for span in spans if not self._is_lost()]
        self._count(len(spans), len(kept))
        if len(kept) < len(spans) or b"\n" in payload:  # a recording holds one payload a line
            payload = json.dumps(kept, separators=(",", ":")).encode()
        if kept:
            self.keep(payload)
        return web.Response(status=202)

    def _take_otlp(self, payload: bytes) -> None:
        message = ExportTraceServiceRequest.FromString(payload)
        scopes = [scope for resource in message.resource_spans for scope in resource.scope_spans]
        before = sum(len(scope.spans) for scope in scopes)
        if self.lost_ratio == 0:
            self._count(before, before)
            self.keep(payload)
            return
        for scope in scopes:
            kept = [span for span in scope.spans if not self._is_lost()]
            del scope.spans[:]
            scope.spans.extend(kept)
        after = sum(len(scope.spans) for scope in scopes)
        self._count(before, after)
        if after:
            self.keep(message.SerializeToString())

    def _is_lost(self) -> bool:
        return self._rng.random() < self.lost_ratio

    def _count(self, before: int, after: int) -> None:
        self.requests += 1
        self.received += before
        self.lost += before - after


class _OneMethod(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio ships no types
    """Serves the export method with raw bytes, so that the payload is kept as it came."""

    def __init__(self, handler: grpc.RpcMethodHandler) -> None:
        self._handler = handler

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._handler if details.method == EXPORT_METHOD else None
