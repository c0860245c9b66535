"""Entry spans: where a service begins to work for a caller, so that each call is counted once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracetune.domain.spans import SpanKind
from tracetune.traces.columns import TraceColumns
from tracetune.traces.grouping import KERNEL, Int32s, Int64s
from tracetune.traces.tree import Parents, Role

_SERVER, _CLIENT = int(SpanKind.SERVER), int(SpanKind.CLIENT)
_PRODUCER, _CONSUMER = int(SpanKind.PRODUCER), int(SpanKind.CONSUMER)
_ROOT, _ORPHAN = int(Role.ROOT), int(Role.ORPHAN)


def find_entries(columns: TraceColumns, parents: Parents) -> NDArray[np.bool_]:
    """Which spans are entry spans, (span,).

    A root; a SERVER or CONSUMER span under a CLIENT or PRODUCER span; a span that is no CLIENT or PRODUCER and whose
    parent belongs to another service. A CLIENT or PRODUCER span whose parent was lost is none: the entry of its service
    is the span that was lost.
    """
    result: NDArray[np.bool_] = _find_entries(columns.kind, columns.service, parents.parent, parents.role)
    return result


def find_root_calls(columns: TraceColumns, parents: Parents, entry: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which entry spans began a trace, (span,): those without a parent, but orphans only where the trace has no root."""
    result: NDArray[np.bool_] = _find_root_calls(columns.offsets, parents.parent, parents.role, entry)
    return result


@njit(**KERNEL)
def _find_entries(kind: NDArray[np.int8], service: Int32s, parent: Int32s, role: NDArray[np.int8]) -> NDArray[np.bool_]:
    entry = np.zeros(len(kind), np.bool_)
    for row in range(len(kind)):
        calls = kind[row] in (_CLIENT, _PRODUCER)
        above = parent[row]
        if above < 0:
            entry[row] = not (calls and role[row] == _ORPHAN)
        else:
            serves = kind[row] in (_SERVER, _CONSUMER) and kind[above] in (_CLIENT, _PRODUCER)
            entry[row] = serves or (not calls and service[above] != service[row])
    return entry


@njit(**KERNEL)
def _find_root_calls(
    offsets: Int64s, parent: Int32s, role: NDArray[np.int8], entry: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    root_call = np.zeros(len(role), np.bool_)
    for trace in range(len(offsets) - 1):
        has_root = False
        for row in range(offsets[trace], offsets[trace + 1]):
            has_root |= role[row] == _ROOT
        for row in range(offsets[trace], offsets[trace + 1]):
            begins = parent[row] < 0 and (role[row] != _ORPHAN or not has_root)
            root_call[row] = begins and entry[row]
    return root_call
