from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from tracetune.api.context import asked, context_of
from tracetune.errors import InvalidInput


def _request(app: FastAPI) -> Request:
    return Request({"type": "http", "app": app, "headers": [], "query_string": b""})


def test_a_request_sees_one_snapshot_and_its_window(app: FastAPI, now: float) -> None:
    it = asked(_request(app), "now-1h", "")

    assert it.now == now
    assert it.window.last - it.window.first == 60
    assert it.shown is context_of(_request(app)).snapshots.current()


def test_a_window_that_is_none_is_refused(app: FastAPI) -> None:
    with pytest.raises(InvalidInput):
        asked(_request(app), "soon")
