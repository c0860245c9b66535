from __future__ import annotations

import pytest

from tracetune.sources import envoy


@pytest.mark.parametrize(
    ("node_id", "pod"),
    [
        (
            "sidecar~10.244.0.20~reviews-v1-667b5cc65d-4m24g.bookinfo~bookinfo.svc.cluster.local",
            "reviews-v1-667b5cc65d-4m24g",
        ),
        ("router~10.1.1.1~gateway-abc.istio-system~istio-system.svc.cluster.local", "gateway-abc"),
        ("sidecar~10.1.1.1~vm~local", "vm"),
        ("my-envoy", "my-envoy"),
        ("", None),
    ],
)
def test_node_id_names_its_pod(node_id: str, pod: str | None) -> None:
    assert envoy.pod_of_node(node_id) == pod


@pytest.mark.parametrize(
    ("cluster", "service"),
    [
        ("outbound|9080|v1|reviews.default.svc.cluster.local", "reviews"),
        ("outbound|9080||reviews.default.svc.cluster.local;", "reviews"),
        ("outbound|443||api.stripe.com", "api.stripe.com"),
        ("inbound|9080||", None),
        ("inbound-vip|80|http|gateway.bookinfo.svc.cluster.local", "gateway"),
        ("PassthroughCluster", None),
        ("BlackHoleCluster", None),
        ("service_google", "service_google"),
        ("-", None),
        ("", None),
    ],
)
def test_upstream_cluster_names_the_service_behind_it(cluster: str, service: str | None) -> None:
    assert envoy.service_of_cluster(cluster) == service


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("reviews.default.svc.cluster.local:9080", "reviews"),
        ("Redis-Cart", "redis-cart"),
        ("db.example.org:5432", "db.example.org"),
        ("10.1.2.3", None),
        ("10.1.2.3:80", None),
        ("[::1]:80", None),
        ("fe80::1", None),
        ("localhost:8080", None),
        ("", None),
    ],
)
def test_a_host_names_a_peer_unless_it_is_an_address(host: str, service: str | None) -> None:
    assert envoy.service_of_host(host) == service


@pytest.mark.parametrize(
    ("cluster", "kind"),
    [
        ("inbound|9080||", "server"),
        ("outbound|80||a.b.svc.cluster.local", "client"),
        ("inbound", None),
        ("x|1||", None),
    ],
)
def test_the_direction_of_a_sidecars_cluster_tells_its_side(cluster: str, kind: str | None) -> None:
    assert envoy.kind_of_cluster(cluster) == kind
