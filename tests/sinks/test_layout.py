from __future__ import annotations

import itertools

import numpy as np

from tracetune.domain.graph import Edge, ServiceGraph
from tracetune.sinks.layout import NODE_HEIGHT, NODE_WIDTH, lay_out


def graph(*pairs: str, alone: tuple[str, ...] = ()) -> ServiceGraph:
    """Edges written as "a>b"."""
    split = [pair.split(">") for pair in pairs]
    edges = [Edge(client, server, "", 10, 0) for client, server in split]
    names = {name for edge in edges for name in (edge.client, edge.server)} | set(alone)
    return ServiceGraph(tuple(sorted(names)), tuple(edges))


def test_a_caller_stands_left_of_everything_it_calls() -> None:
    layout = lay_out(graph("web>cart", "web>pay", "pay>bank", "cart>bank"))

    for client, server in layout.routes:
        assert layout.places[client][0] < layout.places[server][0]


def test_services_never_overlap() -> None:
    rng = np.random.default_rng(3)
    pairs = [f"s{a:02}>s{b:02}" for a, b in itertools.combinations(range(40), 2) if rng.random() < 0.09]

    layout = lay_out(graph(*pairs, alone=("x", "y")))

    for (ax, ay), (bx, by) in itertools.combinations(layout.places.values(), 2):
        assert abs(ax - bx) >= NODE_WIDTH or abs(ay - by) >= NODE_HEIGHT


def test_a_long_edge_goes_around_the_services_between_its_ends() -> None:
    layout = lay_out(graph("a>b", "b>c", "c>d", "a>d", "x>b", "x>c"))

    between = layout.routes["a", "d"][1:-1]

    assert between
    for x, y in between:
        assert not any(
            abs(x - place[0]) < NODE_WIDTH / 2 and abs(y - place[1]) < NODE_HEIGHT / 2
            for place in layout.places.values()
        )


def test_the_order_in_which_calls_were_counted_changes_nothing() -> None:
    pairs = ["web>cart", "web>pay", "pay>bank", "cart>redis", "bff>pay", "bff>cart"]

    layouts = [lay_out(graph(*order)) for order in itertools.islice(itertools.permutations(pairs), 0, 720, 97)]

    assert all(layout == layouts[0] for layout in layouts)


def test_a_cycle_of_calls_is_drawn_with_one_edge_backwards() -> None:
    layout = lay_out(graph("a>b", "b>c", "c>a"))

    backwards = [pair for pair, points in layout.routes.items() if points[0][0] > points[-1][0]]

    assert backwards == [("c", "a")]


def test_a_service_that_calls_itself_has_no_edge_and_a_place() -> None:
    layout = lay_out(graph("a>a"))

    assert layout.routes == {}
    assert set(layout.places) == {"a"}


def test_a_service_without_calls_stands_below_the_others_and_inside_the_drawing() -> None:
    layout = lay_out(graph("a>b", "a>c", alone=("lonely",)))

    x, y = layout.places["lonely"]

    assert y > max(layout.places[name][1] for name in "abc")
    assert x + NODE_WIDTH / 2 <= layout.width
    assert y + NODE_HEIGHT / 2 <= layout.height


def test_no_service_at_all_is_an_empty_drawing() -> None:
    layout = lay_out(ServiceGraph((), ()))

    assert not layout.places
    assert layout.width > 0
    assert layout.height >= 0


def test_two_hundred_services_all_find_a_place_inside_the_drawing() -> None:
    rng = np.random.default_rng(1)
    pairs = sorted({f"s{rng.integers(0, b):03}>s{b:03}" for b in range(1, 200) for _ in range(2)})

    layout = lay_out(graph(*pairs))

    assert len(layout.places) == 200
    assert all(0 <= x <= layout.width and 0 <= y <= layout.height for x, y in layout.places.values())
