"""Incident records as documents of the store, and back."""

from __future__ import annotations

import msgspec

from tracetune.live.events import IncidentRecord


def to_document(record: IncidentRecord) -> str:
    """JSON with every value of the record."""
    return msgspec.json.encode(record).decode()


def from_document(document: str) -> IncidentRecord:
    """The record; NaN, which JSON has not, comes back as NaN."""
    return msgspec.json.decode(document.encode(), type=IncidentRecord, strict=False)
