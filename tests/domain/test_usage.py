"""Which pods belong to which service."""

from __future__ import annotations

from tracetune.domain.usage import PodUsage, by_service, instances_of


def test_pods_are_joined_by_the_names_that_spans_give_with_or_without_the_namespace() -> None:
    pods = [PodUsage("shop", "cart-1"), PodUsage("shop", "cart-2"), PodUsage("shop", "pay-1")]

    found = by_service(pods, {"cart": frozenset({"cart-1", "cart-2.shop"}), "pay.shop": frozenset({"pay-1.shop"})})

    assert [each.pod for each in found["cart"]] == ["cart-1", "cart-2"]
    assert [each.pod for each in found["pay.shop"]] == ["pay-1"]


def test_a_pod_name_of_two_namespaces_decides_only_with_its_namespace() -> None:
    pods = [PodUsage("shop", "db-0"), PodUsage("test", "db-0")]

    found = by_service(pods, {"one": frozenset({"db-0"}), "other": frozenset({"db-0.test"})})

    assert "one" not in found
    assert found["other"] == (pods[1],)


def test_a_service_of_which_no_pod_is_known_is_left_out() -> None:
    assert by_service([PodUsage("shop", "cart-1")], {"cart": frozenset({"host-7"})}) == {}


def test_instances_without_a_name_are_none() -> None:
    assert instances_of(["cart", "cart", "pay"], ["cart-1", "cart-1", ""]) == {"cart": frozenset({"cart-1"})}
