"""Which node an instance runs on."""

from __future__ import annotations

from typing import Any

import numpy as np

from tracetune.domain.spans import SpanBatch
from tracetune.traces.nodes import nodes_of


def _nodes(*spans: tuple[str, dict[str, str]]) -> list[str]:
    rows: list[dict[str, Any]] = [
        {
            "trace_id": bytes(15) + b"\1",
            "span_id": bytes(7) + bytes([number + 1]),
            "name": "does",
            "start_time_unix_nano": 10**18,
            "end_time_unix_nano": 10**18,
            "service_name": "cart",
            "instance": instance,
            "attributes": attributes,
        }
        for number, (instance, attributes) in enumerate(spans)
    ]
    batch = SpanBatch.from_rows(rows)
    codes, names = batch.labels("instance")
    found, values = nodes_of(batch, np.arange(len(rows)), codes, names)
    return [values[code] if code >= 0 else "" for code in found]


def test_the_node_is_said_by_the_kubernetes_attribute_before_the_host() -> None:
    assert _nodes(("cart-1", {"k8s.node.name": "n1", "host.name": "vm-7"})) == ["n1"]
    assert _nodes(("cart-1", {"host.name": "vm-7"})) == ["vm-7"]


def test_a_host_that_is_called_after_its_pod_is_no_node() -> None:
    assert _nodes(("cart-1", {"host.name": "cart-1"}), ("cart-2.shop", {"host.name": "cart-2"})) == ["", ""]


def test_one_span_speaks_for_its_instance() -> None:
    assert _nodes(("cart-1", {"k8s.node.name": "n1"}), ("cart-1", {}), ("cart-2", {"k8s.node.name": "n2"})) == [
        "n1",
        "n1",
        "n2",
    ]


def test_an_instance_that_is_not_named_has_no_node() -> None:
    assert _nodes(("", {"k8s.node.name": "n1"})) == [""]
