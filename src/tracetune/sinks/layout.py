"""Where each service stands on the map, and through which points each call goes: layered, callers on the left.

A function of the topology alone: the same services and calls give the same positions, whatever their numbers and order.

Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures" (1981): break cycles,
assign layers, insert dummy nodes, order by barycentres, place. The placing is least squares under the order: each layer is
one isotonic regression (pool adjacent violators).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tracetune.domain.graph import ServiceGraph

NODE_WIDTH, NODE_HEIGHT = 192.0, 32.0
COLUMN_GAP = 46.0
ROW_GAP = 12.0
DUMMY_HEIGHT = 6.0  # a passing edge needs less room than a service
MARGIN = 8.0
ORDER_SWEEPS = 12
PLACE_SWEEPS = 16
MOST_ALONE_IN_ROW = 5

Point = tuple[float, float]
Node = str | tuple[str, str, int]  # a service, or the dummy of an edge (client, server) in a layer


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of the services, and the points of each edge from the caller's right side to the callee's left side."""

    width: float
    height: float
    places: Mapping[str, Point]
    routes: Mapping[tuple[str, str], tuple[Point, ...]]


def lay_out(graph: ServiceGraph) -> Layout:
    """The layout of the graph; services without any call stand in rows below the others."""
    pairs = sorted({(edge.client, edge.server) for edge in graph.edges if edge.client != edge.server})
    joined = sorted({name for pair in pairs for name in pair})
    alone = [name for name in sorted(graph.services) if name not in set(joined)]
    reversed_pairs = _back_edges(joined, pairs)
    forward = sorted({(b, a) if (a, b) in reversed_pairs else (a, b) for a, b in pairs})
    layer = _layers(joined, forward)
    layers, chains = _with_dummies(joined, forward, layer)
    neighbours = _neighbours(chains.values())
    _order(layers, neighbours)
    y = _place(layers, neighbours)
    top = min(y.values(), default=0.0)
    x = {name: MARGIN + NODE_WIDTH / 2 + layer[name] * (NODE_WIDTH + COLUMN_GAP) for name in joined}
    places = {name: (x[name], y[name] - top + MARGIN + NODE_HEIGHT / 2) for name in joined}
    routes = {}
    for a, b in pairs:
        backwards = (a, b) in reversed_pairs
        points = _points(chains[(b, a) if backwards else (a, b)], places, y, top)
        routes[a, b] = tuple(reversed(points)) if backwards else points
    columns = max(len(layers), min(len(alone), MOST_ALONE_IN_ROW), 1)
    lowest = max((level for route in routes.values() for _, level in route), default=MARGIN - NODE_HEIGHT / 2)
    lowest = max([lowest, *(level for _, level in places.values())])
    places |= _stand_alone(alone, columns, lowest + NODE_HEIGHT + 2 * ROW_GAP if joined else MARGIN + NODE_HEIGHT / 2)
    width = 2 * MARGIN + columns * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP
    height = max([lowest, *(level for _, level in places.values())]) + NODE_HEIGHT / 2 + MARGIN
    return Layout(width, height, places, routes)


def _stand_alone(names: Sequence[str], columns: int, first: float) -> dict[str, Point]:
    """Rows of services that call nobody and that nobody calls."""
    return {
        name: (
            MARGIN + NODE_WIDTH / 2 + (position % columns) * (NODE_WIDTH + COLUMN_GAP),
            first + (position // columns) * (NODE_HEIGHT + ROW_GAP),
        )
        for position, name in enumerate(names)
    }


def _back_edges(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges that close a cycle in a depth-first walk from the services that nobody calls."""
    callees: dict[str, list[str]] = {name: [] for name in names}
    for client, server in pairs:
        callees[client].append(server)
    called = {server for _, server in pairs}
    done: set[str] = set()
    back: set[tuple[str, str]] = set()
    for start in sorted(names, key=lambda name: (name in called, name)):
        if start in done:
            continue
        path = {start: iter(callees[start])}  # in the order of the walk
        while path:
            name = next(reversed(path))
            callee = next(path[name], None)
            if callee is None:
                del path[name]
                done.add(name)
            elif callee in path:
                back.add((name, callee))
            elif callee not in done:
                path[callee] = iter(callees[callee])
    return back


def _layers(names: Sequence[str], forward: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest way from a service that nobody calls; those move right as far as their callees let them."""
    callers: dict[str, list[str]] = {name: [] for name in names}
    callees: dict[str, list[str]] = {name: [] for name in names}
    for client, server in forward:
        callers[server].append(client)
        callees[client].append(server)
    waiting = {name: len(callers[name]) for name in names}
    ready = [name for name in names if not waiting[name]]
    layer = dict.fromkeys(names, 0)
    for name in ready:  # grows while it is walked: Kahn's algorithm
        for callee in callees[name]:
            layer[callee] = max(layer[callee], layer[name] + 1)
            waiting[callee] -= 1
            if not waiting[callee]:
                ready.append(callee)
    return {name: layer[name] if callers[name] else min(layer[c] for c in callees[name]) - 1 for name in names}


def _with_dummies(
    names: Sequence[str], forward: Sequence[tuple[str, str]], layer: Mapping[str, int]
) -> tuple[list[list[Node]], dict[tuple[str, str], list[Node]]]:
    """Nodes by layer, with a dummy in every layer that an edge crosses; and each edge as the chain of its nodes."""
    layers: list[list[Node]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in names:
        layers[layer[name]].append(name)
    chains: dict[tuple[str, str], list[Node]] = {}
    for client, server in forward:
        dummies: list[Node] = [(client, server, at) for at in range(layer[client] + 1, layer[server])]
        chains[client, server] = [client, *dummies, server]
        for at, dummy in enumerate(dummies, layer[client] + 1):
            layers[at].append(dummy)
    return layers, chains


def _neighbours(chains: Iterable[Sequence[Node]]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    left: dict[Node, list[Node]] = {}
    right: dict[Node, list[Node]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            right.setdefault(a, []).append(b)
            left.setdefault(b, []).append(a)
    return left, right


def _order(layers: list[list[Node]], neighbours: tuple[dict[Node, list[Node]], dict[Node, list[Node]]]) -> None:
    """Sort each layer by the mean position of its neighbours, from the left and from the right in turn."""
    position: dict[Node, float] = {node: at for layer in layers for at, node in enumerate(layer)}
    for sweep in range(ORDER_SWEEPS):
        near = neighbours[sweep % 2]
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            layer.sort(key=lambda node: (_mean(near.get(node, ()), position, position[node]), position[node]))
            position.update({node: at for at, node in enumerate(layer)})


def _place(
    layers: list[list[Node]], neighbours: tuple[dict[Node, list[Node]], dict[Node, list[Node]]]
) -> dict[Node, float]:
    """The vertical centre of every node: as near to its neighbours' mean as the order and the gaps allow."""
    y: dict[Node, float] = {}
    for layer in layers:
        offsets = _offsets(layer)
        middle = offsets[-1] / 2 if offsets else 0.0
        y.update({node: offset - middle for node, offset in zip(layer, offsets, strict=True)})
    left, right = neighbours
    both = {node: [*left.get(node, ()), *right.get(node, ())] for node in y}
    for sweep in range(PLACE_SWEEPS):
        near = both if sweep >= PLACE_SWEEPS // 2 else neighbours[sweep % 2]
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            offsets = _offsets(layer)
            wanted = [
                _mean(near.get(node, ()), y, y[node]) - offset for node, offset in zip(layer, offsets, strict=True)
            ]
            for node, level, offset in zip(layer, _isotonic(wanted), offsets, strict=True):
                y[node] = round(level + offset, 1)
    return y


def _offsets(layer: Sequence[Node]) -> list[float]:
    """The least distance of each node's centre from the first one's."""
    heights = [NODE_HEIGHT if isinstance(node, str) else DUMMY_HEIGHT for node in layer]
    offsets = [0.0] * len(layer)
    for at in range(1, len(layer)):
        offsets[at] = offsets[at - 1] + (heights[at - 1] + heights[at]) / 2 + ROW_GAP
    return offsets


def _isotonic(wanted: Sequence[float]) -> list[float]:
    """The ascending sequence with the least squared distance from ``wanted``: pool adjacent violators."""
    blocks: list[tuple[float, int]] = []  # (mean, size)
    for value in wanted:
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (mean * size + before * count) / (size + count), size + count
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]


def _points(
    chain: Sequence[Node], places: Mapping[str, Point], y: Mapping[Node, float], top: float
) -> tuple[Point, ...]:
    client, server = str(chain[0]), str(chain[-1])
    start, end = places[client], places[server]
    points = [(start[0] + NODE_WIDTH / 2, start[1])]
    for step, node in enumerate(chain[1:-1], 1):
        middle = start[0] + step * (NODE_WIDTH + COLUMN_GAP)
        level = y[node] - top + MARGIN + NODE_HEIGHT / 2
        points += [(middle - NODE_WIDTH / 2, level), (middle + NODE_WIDTH / 2, level)]
    return (*points, (end[0] - NODE_WIDTH / 2, end[1]))


def _mean(nodes: Sequence[Node], values: Mapping[Node, float], otherwise: float) -> float:
    return sum(values[node] for node in nodes) / len(nodes) if nodes else otherwise
