"""What operations are called."""

from __future__ import annotations

import pytest

from tracetune.causes.naming import operation
from tracetune.domain.series import SeriesKey


@pytest.mark.parametrize(
    ("service", "name", "said"),
    [
        ("frontend", "GET /checkout", "GET /checkout"),
        ("shop", "hipstershop.CartService/GetCart", "hipstershop.CartService/GetCart"),
        ("frontend", "GET", "frontend GET"),
        ("gateway", "/", "gateway /"),
        ("gateway", "frontend.shop.svc.cluster.local:9080/checkout", "frontend /checkout"),
        ("frontend", "frontend.shop.svc:80/*", "frontend /*"),
        ("gateway", "frontend.example.com:80/checkout", "frontend.example.com:80/checkout"),
    ],
)
def test_operation_is_named_with_its_service_only_where_its_name_says_little(
    service: str, name: str, said: str
) -> None:
    assert operation(SeriesKey(service, name)) == said
