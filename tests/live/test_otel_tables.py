"""The Collector's tables as a trace store to pull from."""

from __future__ import annotations

import pytest

from tracetune.errors import Unavailable
from tracetune.live.otel_tables import OtelTables
from tracetune.sources.pull import Window


def test_address_is_shown_without_its_password() -> None:
    assert OtelTables("https://reader:secret@box:8443/otel").address == "https://box/otel"


def test_server_that_is_away_is_asked_again_later() -> None:
    with pytest.raises(Unavailable):
        list(OtelTables("http://127.0.0.1:9/otel").fetch(Window(0.0, 1.0)))
