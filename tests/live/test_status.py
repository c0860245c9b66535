"""Tests of the status value."""

from __future__ import annotations

import dataclasses

import pytest

from tracetune.live.status import Status


def test_a_status_cannot_be_changed_once_it_is_published() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Status().ready = True  # type: ignore[misc]
