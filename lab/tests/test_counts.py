"""The account of a run: equal counts agree, and a lost span is named with its pod."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tracetune_lab.counts import Account, Tally
from tracetune_lab.load import LoadPlan, LoadReport
from tracetune_lab.profiles import Profile

STATS = {
    "http.inbound_a-0.downstream_rq_completed": 2,
    "http.outbound_istio-ingressgateway-0.downstream_rq_completed": 0,
    "tracing.opentelemetry.spans_sent": 2,
}


def payload(spans: int) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    pod = resource.resource.attributes.add()
    pod.key, pod.value.string_value = "service.instance.id", "a-0"
    scope = resource.scope_spans.add()
    for number in range(spans):
        scope.spans.add(name="a.default.svc.cluster.local:9080/x", kind=2, span_id=bytes([number] * 8))
    return bytes(request.SerializeToString())


def account(spans: int) -> Account:
    tally = Tally(zipkin=False)
    tally.keep(payload(spans))
    plan = LoadPlan("http://localhost", "a", Profile(), {"GET /x": 1}, 1, 1, 0)
    return Account(tally, LoadReport(plan), STATS, "sidecar")


def test_equal_counts_agree() -> None:
    assert account(spans=2).differences() == []
    assert "every count agrees" in account(spans=2).text()


def test_lost_span_is_named_with_its_pod() -> None:
    assert "SERVER spans of a-0 = its inbound requests (Envoy): 2 against 1" in account(spans=1).differences()
