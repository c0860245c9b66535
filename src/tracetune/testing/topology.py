"""The shop that the demo simulates: its services, what they offer and whom they call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tracetune.testing.queues import IN_TURN, OWN_WORK, Network


class Protocol(StrEnum):
    """How a service is called, and so which spans a call leaves."""

    HTTP = "http"  # a CLIENT span at the caller, a SERVER span at the callee
    DATABASE = "database"  # a CLIENT span only: databases send no spans
    MESSAGING = "messaging"  # a PRODUCER span, and a CONSUMER span that nobody waits for


@dataclass(frozen=True, slots=True)
class Service:
    """Who answers: its replicas, and how many requests each works on at once."""

    name: str
    instances: int
    slots: int
    protocol: Protocol = Protocol.HTTP
    system: str = ""  # of a database or broker, as OpenTelemetry's db.system.name and messaging.system name it


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation: ``required`` calls fail their caller when they fail."""

    service: str
    operation: str
    probability: float = 1.0
    required: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """What a service offers: the median own work around each group of calls; a group's calls run side by side."""

    service: str
    name: str
    work_seconds: float
    groups: tuple[tuple[Call, ...], ...] = ()
    error_ratio: float = 0.001
    root_share: float = 0.0  # of the traces that begin with it


_GATEWAY = "istio-ingressgateway"

# The recommender is the one that a surge fills: one replica that scores one request at a time.
SERVICES = (
    Service(_GATEWAY, 2, 32),
    Service("frontend", 3, 4),
    Service("catalog", 2, 4),
    Service("recommendations", 1, 1),
    Service("reviews", 2, 2),
    Service("search", 2, 2),
    Service("cart", 2, 4),
    Service("checkout", 2, 4),
    Service("payments", 2, 4),
    Service("shipping", 2, 2),
    Service("notifications", 1, 2, Protocol.MESSAGING, "kafka"),
    Service("catalog-cache", 1, 16, Protocol.DATABASE, "redis"),
    Service("catalog-db", 1, 8, Protocol.DATABASE, "postgresql"),
    Service("cart-store", 1, 16, Protocol.DATABASE, "redis"),
    Service("orders-db", 1, 8, Protocol.DATABASE, "postgresql"),
    Service("search-index", 1, 8, Protocol.DATABASE, "opensearch"),
)


def _page(name: str, root_share: float, *groups: tuple[Call, ...]) -> tuple[Operation, Operation]:
    """A page, which the gateway passes on to the frontend."""
    return (
        Operation(_GATEWAY, name, 0.001, ((Call("frontend", name),),), error_ratio=0.0, root_share=root_share),
        Operation("frontend", name, 0.030 / (1 + len(groups)), groups),
    )


_CART = Call("cart", "GET /cart/{user}", required=False)
_QUOTE = Call("shipping", "GET /quote")
_PRODUCT = Call("catalog", "GET /products/{id}")
_RECOMMEND = Call("recommendations", "GET /recommendations", required=False)

OPERATIONS = (
    *_page("GET /", 0.25, (Call("catalog", "GET /products"), _RECOMMEND)),
    *_page("GET /product/{id}", 0.35, (_PRODUCT,), (_RECOMMEND, Call("reviews", "GET /reviews/{id}", required=False))),
    *_page("GET /search", 0.12, (Call("search", "GET /query"),), (_RECOMMEND,)),
    *_page("GET /cart", 0.08, (_CART,), (_QUOTE, _RECOMMEND)),
    *_page("POST /cart", 0.08, (_PRODUCT,), (Call("cart", "PUT /cart/{user}"),)),
    *_page("POST /checkout", 0.12, (Call("checkout", "POST /orders"),)),
    Operation("catalog", "GET /products", 0.008, ((Call("catalog-cache", "MGET"),),)),
    # A miss in the cache, one time in four, is looked up in the database.
    Operation(
        "catalog", "GET /products/{id}", 0.004, ((Call("catalog-cache", "GET"),), (Call("catalog-db", "SELECT", 0.25),))
    ),
    Operation("recommendations", "GET /recommendations", 0.45),
    Operation("reviews", "GET /reviews/{id}", 0.018),
    Operation("search", "GET /query", 0.020, ((Call("search-index", "SEARCH"),),)),
    Operation("cart", "GET /cart/{user}", 0.003, ((Call("cart-store", "HGETALL"),),)),
    Operation("cart", "PUT /cart/{user}", 0.004, ((Call("cart-store", "HSET"),),)),
    Operation(
        "checkout",
        "POST /orders",
        0.006,
        (
            (_CART,),
            (_QUOTE, _PRODUCT),
            (Call("payments", "POST /authorize"),),
            (Call("orders-db", "INSERT"), Call("notifications", "order.confirmed", required=False)),
        ),
    ),
    Operation("payments", "POST /authorize", 0.140, error_ratio=0.004),
    Operation("shipping", "GET /quote", 0.022),
    Operation("notifications", "order.confirmed", 0.060),
    Operation("catalog-cache", "MGET", 0.0012, error_ratio=0.0),
    Operation("catalog-cache", "GET", 0.0006, error_ratio=0.0),
    Operation("catalog-db", "SELECT", 0.011),
    Operation("cart-store", "HGETALL", 0.0008, error_ratio=0.0),
    Operation("cart-store", "HSET", 0.0009, error_ratio=0.0),
    Operation("orders-db", "INSERT", 0.014),
    Operation("search-index", "SEARCH", 0.045),
)

CALLS = tuple(call for operation in OPERATIONS for group in operation.groups for call in group)

_WORK_SIGMA = {Protocol.HTTP: 0.30, Protocol.DATABASE: 0.45, Protocol.MESSAGING: 0.4}
_TRAVEL_SECONDS = {Protocol.HTTP: 0.0006, Protocol.DATABASE: 0.0003, Protocol.MESSAGING: 0.080}


def number(service: str, operation: str) -> int:
    """The position of an operation in OPERATIONS; KeyError where there is none."""
    return _NUMBERS[service, operation]


def protocols() -> list[Protocol]:
    """The protocol of each operation."""
    return [_BY_NAME[operation.service].protocol for operation in OPERATIONS]


def network() -> Network:
    """The shop as the tables that are simulated, nothing in it slow."""
    positions = {service.name: position for position, service in enumerate(SERVICES)}
    operations = len(OPERATIONS)
    groups = [group for operation in OPERATIONS for group in operation.groups]
    callees = [number(call.service, call.operation) for call in CALLS]
    spoken = protocols()
    return Network(
        service=np.array([positions[operation.service] for operation in OPERATIONS], np.int64),
        work_nano=np.array([operation.work_seconds * 1e9 for operation in OPERATIONS]),
        work_sigma=np.array([_WORK_SIGMA[protocol] for protocol in spoken]),
        group_of_operation=_offsets([len(operation.groups) for operation in OPERATIONS]),
        call_of_group=_offsets([len(group) for group in groups]),
        callee=np.array(callees, np.int64),
        probability=np.array([call.probability for call in CALLS]),
        detached=np.array([spoken[callee] is Protocol.MESSAGING for callee in callees], np.bool_),
        travel_nano=np.array([_TRAVEL_SECONDS[spoken[callee]] * 1e9 for callee in callees]),
        instance_of_service=_offsets([service.instances for service in SERVICES]),
        slots=np.repeat([service.slots for service in SERVICES], [service.instances for service in SERVICES]),
        slow_from_nano=np.zeros(operations, np.int64),
        slow_until_nano=np.zeros(operations, np.int64),
        slow_factor=np.ones(operations),
        discipline=np.full(len(SERVICES), OWN_WORK),
        balancing=np.full(len(SERVICES), IN_TURN),
    )


def _offsets(counts: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


_NUMBERS = {(operation.service, operation.name): position for position, operation in enumerate(OPERATIONS)}
_BY_NAME = {service.name: service for service in SERVICES}
