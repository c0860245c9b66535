from __future__ import annotations

import pytest

from tracetune.domain.spans import SpanKind, StatusCode
from tracetune.sources.resolve import Resolver, Resource, known_resource, known_span, resolve


def test_the_canonical_service_wins_over_the_proxys_name() -> None:
    answer = resolve(0, 0, {"istio.canonical_service": "reviews"}, {"service.name": "reviews.default"})

    assert answer.service_name == "reviews"


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ({"service.name": "reviews.shop", "k8s.namespace.name": "shop"}, "reviews"),
        ({"service.name": "reviews.shop", "istio.namespace": "shop"}, "reviews"),
        ({"service.name": "reviews.shop", "service.namespace": "shop"}, "reviews"),
        ({"service.name": "reviews.shop", "k8s.namespace.name": "stage", "service.namespace": "shop"}, "reviews.shop"),
        ({"service.name": "reviews.shop"}, "reviews.shop"),
        ({"service.name": "reviewsshop", "k8s.namespace.name": "shop"}, "reviewsshop"),
        ({"service.name": ".shop", "k8s.namespace.name": "shop"}, ".shop"),
    ],
)
def test_the_namespace_that_istio_appends_is_no_part_of_the_name(resource: dict[str, object], name: str) -> None:
    assert resolve(0, 0, {}, resource).service_name == name


def test_a_span_of_nobody_belongs_to_unknown() -> None:
    assert resolve(0, 0, {}, {"service.name": ""}).service_name == "unknown"


def test_an_outbound_sidecar_span_is_a_client_of_the_clusters_service() -> None:
    tags = {
        "upstream_cluster": "outbound|9080|v1|reviews.default.svc.cluster.local",
        "node_id": "sidecar~10.1.1.1~productpage-v1-abc.default~default.svc.cluster.local",
    }

    answer = resolve(0, 0, tags, {})

    assert (answer.kind, answer.peer, answer.instance) == (SpanKind.CLIENT, "reviews", "productpage-v1-abc")


def test_an_inbound_sidecar_span_is_a_server_without_peer() -> None:
    answer = resolve(0, 0, {"upstream_cluster": "inbound|9080||"}, {})

    assert (answer.kind, answer.peer) == (SpanKind.SERVER, None)


def test_a_said_kind_beats_the_clusters_direction() -> None:
    tags = {"span.kind": "server", "upstream_cluster": "outbound|80||a.b.svc.cluster.local"}

    assert resolve(0, 0, tags, {}).kind == SpanKind.SERVER
    assert resolve(SpanKind.CLIENT, 0, tags, {}).kind == SpanKind.CLIENT


@pytest.mark.parametrize(
    ("resource", "instance"),
    [
        ({"host.name": "node-1", "service.instance.id": "i-1", "k8s.pod.name": "cart-0"}, "cart-0"),
        ({"host.name": "node-1", "service.instance.id": "i-1"}, "i-1"),
        ({"hostname": "node-1", "ip": "10.0.0.1"}, "node-1"),
        ({"ip": "10.0.0.1"}, "10.0.0.1"),
        ({}, None),
    ],
)
def test_the_instance_is_the_pod_else_the_instance_id_else_the_host(
    resource: dict[str, object], instance: str | None
) -> None:
    assert resolve(0, 0, {}, resource).instance == instance


def test_addresses_name_a_peer_only_on_the_calling_side() -> None:
    tags = {"server.address": "cart.shop.svc.cluster.local"}

    assert resolve(SpanKind.CLIENT, 0, tags, {}).peer == "cart"
    assert resolve(SpanKind.SERVER, 0, tags, {}).peer is None


def test_a_database_without_a_host_name_is_named_by_its_system() -> None:
    tags = {"net.peer.name": "10.0.0.7", "db.system": "postgresql"}

    answer = resolve(SpanKind.CLIENT, 0, tags, {})

    assert answer.peer == "postgresql"
    assert dict(answer.attributes) == {"db.system.name": "postgresql"}


def test_the_formats_own_status_is_final() -> None:
    assert resolve(SpanKind.SERVER, StatusCode.OK, {"http.status_code": 500}, {}).status_code == StatusCode.OK


def test_a_404_fails_the_client_and_not_the_server() -> None:
    tags = {"http.response.status_code": 404}

    assert resolve(SpanKind.CLIENT, 0, tags, {}).status_code == StatusCode.ERROR
    assert resolve(SpanKind.SERVER, 0, tags, {}).status_code == StatusCode.UNSET


def test_the_newer_name_and_the_spans_own_value_win() -> None:
    tags = {"http.method": "OLD", "http.request.method": "NEW", "k8s.namespace.name": "mine"}

    answer = resolve(0, 0, tags, {"k8s.namespace.name": "resource's"})

    assert dict(answer.attributes) == {"http.request.method": "NEW", "k8s.namespace.name": "mine"}


def test_latest_is_no_version() -> None:
    assert resolve(0, 0, {"istio.canonical_revision": "latest"}, {}).service_version is None
    assert resolve(0, 0, {"istio.canonical_revision": "v2"}, {}).service_version == "v2"


def test_equal_spans_share_one_answer() -> None:
    resolver, resource = Resolver(), Resource(known_resource([("service.name", "a")]))
    known = known_span([("http.method", "GET"), ("not.known", 1)])

    one = resolver.span(0, 0, known, resource)
    other = resolver.span(0, 0, list(known), resource)

    assert one is other


def test_many_different_spans_do_not_fill_memory() -> None:
    resolver, resource = Resolver(), Resource(())

    answers = [resolver.span(0, 0, known_span([("http.route", f"/{n}")]), resource) for n in range(40_000)]

    assert dict(answers[-1].attributes) == {"http.route": "/39999"}
    assert len(resolver._answers) <= 16_384
