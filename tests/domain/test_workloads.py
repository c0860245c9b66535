"""Which workload runs which service."""

from __future__ import annotations

from tracetune.domain.workloads import Workload, join


def _workload(
    name: str, *, namespace: str = "shop", services: tuple[str, ...] = (), pods: frozenset[str] = frozenset()
) -> Workload:
    return Workload("Deployment", namespace, name, services or (name,), 2, 2, None, None, None, None, None, None, pods)


def test_pods_decide_before_names_do() -> None:
    renamed = _workload("pay-v2", pods=frozenset({"pay-v2-a", "pay-v2-b"}))
    namesake = _workload("payments")

    found = join([namesake, renamed], ["payments"], {"payments": frozenset({"pay-v2-a.shop"})})

    assert found == {"payments": renamed}


def test_names_join_with_or_without_the_namespace() -> None:
    cart = _workload("cart-deployment", services=("cart", "cart-deployment"))

    assert join([cart], ["cart", "cart.shop", "cart.bank", "cart-deployment"], {}) == {
        "cart": cart,
        "cart.shop": cart,
        "cart-deployment": cart,
    }


def test_name_of_two_namespaces_decides_nothing_until_the_namespace_is_said() -> None:
    ours, theirs = _workload("cart"), _workload("cart", namespace="bank")

    assert join([ours, theirs], ["cart", "cart.bank"], {}) == {"cart.bank": theirs}


def test_most_certain_name_wins() -> None:
    canonical = _workload("a", services=("cart", "a"))
    by_name = _workload("cart")

    assert join([by_name, canonical], ["cart"], {}) == {}  # both bear it with the same certainty
    assert join([_workload("b", services=("x", "cart")), by_name], ["cart"], {}) == {"cart": by_name}
