"""The shop's tables are consistent."""

from __future__ import annotations

import numpy as np
import pytest

from tracetune.testing.topology import CALLS, OPERATIONS, SERVICES, network, number


def test_shares_of_the_pages_add_up_to_one() -> None:
    assert sum(operation.root_share for operation in OPERATIONS) == pytest.approx(1.0)


def test_every_operation_is_reached_from_some_page() -> None:
    called = {(call.service, call.operation) for call in CALLS}

    unreached = [op.name for op in OPERATIONS if not op.root_share and (op.service, op.name) not in called]

    assert unreached == []


def test_network_has_a_row_for_each_operation_call_and_instance() -> None:
    shop = network()

    assert len(shop.service) == len(OPERATIONS) == shop.group_of_operation.shape[0] - 1
    assert len(shop.callee) == len(CALLS) == shop.call_of_group[-1]
    assert len(shop.slots) == sum(service.instances for service in SERVICES) == shop.instance_of_service[-1]
    assert (np.diff(shop.call_of_group) > 0).all()


def test_operation_that_nobody_offers_has_no_number() -> None:
    with pytest.raises(KeyError):
        number("payments", "POST /refund")
