"""KEDA's external scaler: the advised replicas of a service, for a ScaledObject to follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from tracetune.api.guidance import advised_replicas
from tracetune.api.scaler_messages import PACKAGE, SERVICE, message
from tracetune.live.events import MinuteClosed
from tracetune.live.publisher import Publisher

SERVICE_KEY = "service"
"""In the trigger's metadata: the service whose replicas are advised, as traces name it."""

REPLICAS = "replicas"
"""The metric: as many as are advised, with a target of 1 for each replica, so that the autoscaler asks for that many."""


class ExternalScaler:
    """Answers KEDA's four questions from what was last published.

    Source: KEDA, "External Scalers", externalscaler.proto.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def is_active(self, request: Any, context: Any) -> Any:  # noqa: ANN401 - protobuf and grpc have no types
        """Whether the service is to run at all; one of unknown needs is."""
        return message("IsActiveResponse")(result=await self._is_active(request, context))

    async def stream_is_active(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: ANN401
        """The same at once and whenever it changes."""
        events = self._publisher.subscribe()
        following = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)  # listens before the first answer is given, so that no change falls between
        try:
            last = await self._is_active(request, context)
            yield message("IsActiveResponse")(result=last)
            while True:
                event = await following
                following = asyncio.ensure_future(anext(events))
                if isinstance(event, MinuteClosed) and (now := await self._is_active(request, context)) != last:
                    last = now
                    yield message("IsActiveResponse")(result=last)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await events.aclose()

    async def get_metric_spec(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """One metric, with one for each replica as its target."""
        await _service_of(request, context)
        spec = message("MetricSpec")(metricName=REPLICAS, targetSize=1, targetSizeFloat=1.0)
        return message("GetMetricSpecResponse")(metricSpecs=[spec])

    async def get_metrics(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        """The advised replicas; where nothing can be said, UNAVAILABLE, for which a ScaledObject has its fallback."""
        service = await _service_of(request.scaledObjectRef, context)
        replicas = advised_replicas(self._publisher, service)
        if replicas is None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"no replicas are advised for {service!r} yet")
        value = message("MetricValue")(metricName=REPLICAS, metricValue=replicas, metricValueFloat=float(replicas or 0))
        return message("GetMetricsResponse")(metricValues=[value])

    async def _is_active(self, request: Any, context: Any) -> bool:  # noqa: ANN401
        return advised_replicas(self._publisher, await _service_of(request, context)) != 0

    def handler(self) -> grpc.GenericRpcHandler:
        """The service, to be added to a server."""
        requests = {
            "IsActive": "ScaledObjectRef",
            "GetMetricSpec": "ScaledObjectRef",
            "GetMetrics": "GetMetricsRequest",
        }
        methods = {"IsActive": self.is_active, "GetMetricSpec": self.get_metric_spec, "GetMetrics": self.get_metrics}
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(methods[name], message(kind).FromString, _bytes)
            for name, kind in requests.items()
        }
        streaming = grpc.unary_stream_rpc_method_handler(
            self.stream_is_active, message("ScaledObjectRef").FromString, _bytes
        )
        return grpc.method_handlers_generic_handler(f"{PACKAGE}.{SERVICE}", {**handlers, "StreamIsActive": streaming})


async def serve_scaler(publisher: Publisher, address: str, started: asyncio.Future[int] | None = None) -> None:
    """Serve until cancelled; ``started`` gets the port, which may have been chosen by the system (port 0)."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((ExternalScaler(publisher).handler(),))
    port = server.add_insecure_port(address)
    await server.start()
    if started is not None:
        started.set_result(port)
    try:
        await server.wait_for_termination()
    finally:
        await server.stop(grace=1.0)


async def _service_of(request: Any, context: Any) -> str:  # noqa: ANN401
    service: str = request.scalerMetadata.get(SERVICE_KEY, "")
    if not service:
        await context.abort(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"the trigger's metadata of {request.namespace}/{request.name} has no {SERVICE_KEY!r}: name the service there",
        )
    return service


def _bytes(found: Any) -> bytes:  # noqa: ANN401
    data: bytes = found.SerializeToString()
    return data
