"""The OpenTelemetry SDK inside the services: database spans always, server and client spans when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.propagators.b3 import B3MultiFormat
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tracetune_lab.plan import Ends, Instance
from tracetune_lab.topology import method_and_path

# What Istio asks applications to copy from a request to the requests it causes.
FORWARDED_HEADERS = (
    "x-request-id",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "b3",
    "traceparent",
    "tracestate",
)


class Telemetry:
    """The spans of one replica."""

    def __init__(self, instance: Instance, ends: Ends) -> None:
        """Start an exporter of the replica's own, so that each has its own resource."""
        resource = Resource.create(
            {
                # The name Istio gives the sidecar's spans, as people set it who use both.
                "service.name": f"{instance.service}.default",
                "service.version": instance.version,
                "service.instance.id": instance.pod,
                "service.namespace": "default",
                "k8s.pod.name": instance.pod,
            }
        )
        self._provider = TracerProvider(resource=resource, sampler=ParentBased(ALWAYS_ON))
        self._provider.add_span_processor(BatchSpanProcessor(_exporter(ends), schedule_delay_millis=1000))
        self._tracer = self._provider.get_tracer("tracetune_lab")
        self._http_spans = ends.spans_from != "sidecar"
        self._redis_port = ends.redis_port
        self._propagator: TextMapPropagator = (
            B3MultiFormat() if ends.export == "zipkin" else TraceContextTextMapPropagator()
        )

    def shutdown(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def extract(self, headers: Mapping[str, str]) -> Context:
        """The caller's context, as the sidecar (or the SDK of the caller) sent it."""
        return self._propagator.extract(headers)

    @contextmanager
    def server(self, operation: str, parent: Context) -> Iterator[tuple[Context, Span | None]]:
        """A SERVER span around a request, where the SDK makes HTTP spans."""
        if not self._http_spans:
            yield parent, None
            return
        method, path = method_and_path(operation)
        attributes = {"http.request.method": method, "http.route": path, "url.path": path}
        with self._span(operation, SpanKind.SERVER, parent, attributes) as span:
            yield set_span_in_context(span, parent), span

    @contextmanager
    def client(self, service: str, operation: str, parent: Context) -> Iterator[tuple[dict[str, str], Span | None]]:
        """A CLIENT span around one attempt, and the headers that carry it on."""
        if not self._http_spans:
            yield {}, None
            return
        method, path = method_and_path(operation)
        attributes = {"http.request.method": method, "url.path": path, "server.address": service}
        with self._span(method, SpanKind.CLIENT, parent, attributes) as span:
            headers: dict[str, str] = {}
            self._propagator.inject(headers, set_span_in_context(span, parent))
            yield headers, span

    @contextmanager
    def redis(self, command: str, parent: Context) -> Iterator[None]:
        """A CLIENT span around one command, as the Redis instrumentation makes it."""
        attributes = {
            "db.system.name": "redis",
            "db.operation.name": command,
            "db.namespace": "0",
            "server.address": "redis",
            "server.port": str(self._redis_port),
        }
        with self._span(command, SpanKind.CLIENT, parent, attributes):
            yield

    @contextmanager
    def _span(self, name: str, kind: SpanKind, parent: Context, attributes: dict[str, str]) -> Iterator[Span]:
        span = self._tracer.start_span(name, context=parent, kind=kind, attributes=attributes)
        try:
            yield span  # type: ignore[misc]  # start_span is declared as the API's Span
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, str(error)))
            span.set_attribute("error.type", type(error).__qualname__)
            raise
        finally:
            span.end()


def note_status(span: Span | None, status: int) -> None:
    """Record an HTTP status on a span, as the HTTP conventions say."""
    if span is None:
        return
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _exporter(ends: Ends) -> SpanExporter:
    if ends.export == "zipkin":
        from opentelemetry.exporter.zipkin.json import ZipkinExporter

        return ZipkinExporter(endpoint=f"http://{ends.collector_host}:{ends.http_port}/api/v2/spans")
    if ends.export == "otlp-grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter

        return GrpcExporter(endpoint=f"{ends.collector_host}:{ends.grpc_port}", insecure=True)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=f"http://{ends.collector_host}:{ends.http_port}/v1/traces")
