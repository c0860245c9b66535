"""Simulated requests as the spans that a mesh with Istio's names would have recorded of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tracetune.domain.spans import LABEL, SPAN_SCHEMA, SpanBatch, SpanKind, StatusCode
from tracetune.testing.queues import Requests
from tracetune.testing.topology import OPERATIONS, SERVICES, Operation, Protocol, Service

Ints = NDArray[np.int64]

_VERSIONS = ("v1", "v2")
_KUBERNETES_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # of the random parts of pod names: no vowels, no 0, 1 and 3
_KINDS = {
    Protocol.HTTP: (SpanKind.SERVER, SpanKind.CLIENT),
    Protocol.DATABASE: (SpanKind.UNSPECIFIED, SpanKind.CLIENT),
    Protocol.MESSAGING: (SpanKind.CONSUMER, SpanKind.PRODUCER),
}
_SERVICE_OF = {service.name: service for service in SERVICES}
_PLACE_OF = {service.name: place for place, service in enumerate(SERVICES)}
_CALLEE, _CALLER = 0, 1


@dataclass(frozen=True, slots=True)
class Recording:
    """Requests with what else their spans say: whether each failed, and whether the new version handled it."""

    requests: Requests
    failed: NDArray[np.bool_]
    released: NDArray[np.bool_]
    seed: int

    def spans(self, rows: Ints) -> SpanBatch:
        """The spans of some requests (request,), by start time: the callee's, and the caller's where it is another's."""
        operation = self.requests.operation[rows]
        callee = rows[_SENDS_SPANS[operation]]
        caller = rows[self.requests.parent[rows] >= 0]
        request = np.concatenate((callee, caller))
        side = np.repeat((_CALLEE, _CALLER), (len(callee), len(caller)))
        table = pa.table(self._columns(request, side), schema=SPAN_SCHEMA)
        order = np.argsort(table["start_time_unix_nano"].to_numpy(), kind="stable")
        return SpanBatch(table.take(pa.array(order)).combine_chunks())

    def _columns(self, request: Ints, side: Ints) -> list[pa.Array]:
        what, on_caller = self.requests, side == _CALLER
        variant = 2 * what.operation[request] + side  # (span,), the operation seen from one side
        owner = np.where(on_caller, what.parent[request], request)  # the request whose service recorded the span
        called = what.call[request] >= 0
        start = np.where(on_caller, what.sent[request], what.arrived[request])
        end = np.where(on_caller, what.returned[request], what.ended[request])
        failed = self.failed[request]
        parent = np.where(on_caller, self._id(owner, _CALLEE), np.where(called, self._id(request, _CALLER), 0))
        trace = np.stack((self._id(what.root[request], 2), self._id(what.root[request], 3)), axis=1)
        columns = {
            "trace_id": _binary(trace, 16),
            "span_id": _binary(self._id(request, side), 8),
            "parent_span_id": _binary(parent.astype(np.uint64), 8),
            "name": _label(variant, _each_side(_name)),
            "kind": pa.array(_KIND[variant]),
            "start_time_unix_nano": pa.array(start // 1000 * 1000),
            "end_time_unix_nano": pa.array(end // 1000 * 1000),
            "status_code": pa.array(np.where(failed, StatusCode.ERROR, StatusCode.UNSET).astype(np.int8)),
            "service_name": _label(_PLACE[what.operation[owner]], [service.name for service in SERVICES]),
            "service_version": _label(self.released[owner].astype(np.int64), _VERSIONS),
            "instance": _label(2 * what.instance[owner] + self.released[owner], _PODS),
            "peer": _label(variant, _each_side(_peer)),
            "attributes": _attributes(2 * variant + failed),
        }
        return [columns[name] for name in SPAN_SCHEMA.names]

    def _id(self, request: Ints, part: Ints | int) -> NDArray[np.uint64]:
        """Sixty-four bits that look random and are equal for equal seed, request and part; never zero in practice.

        Source: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
        """
        mixed = (np.uint64(self.seed) << np.uint64(40)) + (4 * request + part + 1).astype(np.uint64)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def _name(operation: Operation, service: Service, side: int) -> str:
    if service.protocol is Protocol.MESSAGING:
        return f"{('process', 'send')[side]} {operation.name}"
    if service.protocol is Protocol.HTTP and side == _CALLER:
        return f"{service.name}.shop.svc.cluster.local:8080/*"  # as Istio names what a sidecar sends
    return operation.name


def _peer(_: Operation, service: Service, side: int) -> str | None:
    if service.protocol is Protocol.MESSAGING:
        return service.system  # both sides know the broker, not each other
    return service.name if side == _CALLER else None


def _attribute_sets(operation: Operation, service: Service, side: int, *, failed: bool) -> dict[str, str]:
    attributes = {"k8s.namespace.name": "shop"}
    if failed:
        attributes["error.type"] = "500" if service.protocol is Protocol.HTTP else "timeout"
    if service.protocol is Protocol.DATABASE:
        return attributes | {"db.system.name": service.system}
    if service.protocol is Protocol.MESSAGING:
        return attributes | {"messaging.system": service.system, "messaging.destination.name": operation.name}
    method, _, route = operation.name.partition(" ")
    attributes |= {"http.request.method": method, "http.response.status_code": "500" if failed else "200"}
    if side == _CALLEE:
        return attributes | {"http.route": route}
    return attributes | {"upstream_cluster": f"outbound|8080||{service.name}.shop.svc.cluster.local"}


def _each_side(of: Callable[[Operation, Service, int], str | None]) -> list[str | None]:
    return [of(operation, _SERVICE_OF[operation.service], side) for operation in OPERATIONS for side in (0, 1)]


def _pod(service: str, instance: int, version: str) -> str:
    def letters(seed: str, count: int) -> str:
        digest = hashlib.sha256(seed.encode()).digest()
        return "".join(_KUBERNETES_ALPHABET[byte % len(_KUBERNETES_ALPHABET)] for byte in digest[:count])

    return f"{service}-{letters(service + version, 10)}-{letters(f'{service} {version} {instance}', 5)}"


def _label(codes: Ints, values: Sequence[str | None]) -> pa.Array:
    """A label column from positions among values; None is null, and equal values become one."""
    encoded = pa.array(values, pa.string()).dictionary_encode()
    indices = encoded.indices.take(pa.array(codes))
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary).cast(LABEL)


def _binary(words: NDArray[np.uint64], width: int) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(words), [None, pa.py_buffer(np.ascontiguousarray(words))]
    )


def _attributes(chosen: Ints) -> pa.Array:
    """For each span one of the sets in _ATTRIBUTE_SETS, as a map column."""
    counts = _SET_SIZES[chosen]
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    entry = np.arange(offsets[-1]) + np.repeat(_SET_STARTS[chosen] - offsets[:-1], counts)
    keys = _label(entry, [key for entries in _ATTRIBUTE_SETS for key in entries])
    values = _label(entry, [value for entries in _ATTRIBUTE_SETS for value in entries.values()])
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values)


_PODS = [
    _pod(service.name, instance, version)
    for service in SERVICES
    for instance in range(service.instances)
    for version in _VERSIONS
]
_PLACE = np.array([_PLACE_OF[operation.service] for operation in OPERATIONS])
_SENDS_SPANS = np.array([_SERVICE_OF[operation.service].protocol is not Protocol.DATABASE for operation in OPERATIONS])
_KIND = np.array([_KINDS[_SERVICE_OF[op.service].protocol][side] for op in OPERATIONS for side in (0, 1)], np.int8)
_ATTRIBUTE_SETS = [
    _attribute_sets(operation, _SERVICE_OF[operation.service], side, failed=failed)
    for operation in OPERATIONS
    for side in (_CALLEE, _CALLER)
    for failed in (False, True)
]
_SET_SIZES = np.array([len(entries) for entries in _ATTRIBUTE_SETS], np.int64)
_SET_STARTS = np.concatenate(([0], np.cumsum(_SET_SIZES)[:-1]))
