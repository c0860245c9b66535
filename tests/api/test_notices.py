from __future__ import annotations

import msgspec
import pytest

from tracetune.api.notices import NewEvent


def test_an_event_needs_only_its_text() -> None:
    found = msgspec.json.decode(b'{"text": "payments 4.18.0"}', type=NewEvent)

    assert (found.text, found.kind, found.time) == ("payments 4.18.0", "event", "")


@pytest.mark.parametrize("body", [b"{}", b'{"text": ""}', b'{"text": "x", "sevrice": "y"}', b'{"text": 5}', b"[]"])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=NewEvent)
