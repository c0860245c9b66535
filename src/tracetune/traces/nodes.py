"""Which node each instance runs on, as far as its spans say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracetune.domain.spans import SpanBatch
from tracetune.traces.grouping import Int32s, Int64s

NODE, HOST = "k8s.node.name", "host.name"


def nodes_of(spans: SpanBatch, rows: Int64s, instance: Int32s, names: list[str]) -> tuple[NDArray[np.int32], list[str]]:
    """The node of each row as (codes (row,), values); code -1 where its instance's spans do not say.

    One span speaks for an instance: a pod does not move. The host's name is a node's only where it is not the instance's
    own, as in a container, which is called after its pod.

    Args:
        spans: as they came.
        rows: positions in ``spans``.
        instance: (row,), codes into ``names``; -1 where a span names none.
        names: of the instances.

    Source: OpenTelemetry semantic conventions, "Kubernetes" (k8s.node.name) and "Host" (host.name).
    """
    known: dict[str, int] = {}
    of_instance = np.full(len(names) + 1, -1, np.int32)
    codes, first = np.unique(instance, return_index=True)
    told = spans.table["attributes"].take(rows[first]).to_pylist() if len(rows) else []
    for code, attributes in zip(codes.tolist(), told, strict=True):
        node = _node(dict(attributes), names[code]) if code >= 0 and names[code] else ""
        if node:
            of_instance[code] = known.setdefault(node, len(known))
    return of_instance[instance], list(known)


def _node(attributes: dict[str, str], instance: str) -> str:
    host = attributes.get(HOST, "")
    return attributes.get(NODE, "") or (host if host != instance.partition(".")[0] and host != instance else "")
