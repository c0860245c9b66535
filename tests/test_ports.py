from __future__ import annotations

import inspect
from typing import Protocol

from tracetune import ports


def _protocols() -> list[type]:
    members = inspect.getmembers(ports, inspect.isclass)
    return [member for _, member in members if member.__module__ == ports.__name__]


def test_every_port_is_a_protocol_with_its_contract_written_down() -> None:
    protocols = _protocols()

    assert protocols
    assert all(Protocol in protocol.__mro__ and inspect.getdoc(protocol) for protocol in protocols)
