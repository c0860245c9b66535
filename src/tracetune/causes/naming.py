"""An operation as people call it."""

from __future__ import annotations

import re

from tracetune.domain.series import SeriesKey

_OF_A_ROUTE = re.compile(r"(?P<service>[a-z0-9-]+)\.[a-z0-9-]+\.svc(\.[a-z0-9.-]+)?(:\d+)?(?P<path>/.*)")
"""Istio's names: the host of a service in the cluster, its port, and what its route matched."""


def operation(key: SeriesKey) -> str:
    """The name of an operation alone where that says enough, else with its service.

    >>> operation(SeriesKey("frontend", "GET /checkout")), operation(SeriesKey("frontend", "GET"))
    ('GET /checkout', 'frontend GET')
    >>> operation(SeriesKey("ingress", "frontend.shop.svc.cluster.local:9080/checkout"))
    'frontend /checkout'
    """
    name = key.span_name.strip()
    routed = _OF_A_ROUTE.fullmatch(name)
    if routed:
        return f"{routed['service']} {routed['path']}"
    return key.span_name if "/" in name.strip("/") or "." in name or " " in name else str(key)
