"""Incident records as documents of the store, and back."""

from __future__ import annotations

import json

import msgspec

from tracetune.live.events import IncidentRecord


def to_document(record: IncidentRecord) -> str:
    """JSON with every value of the record, and NaN as Python writes it."""
    return json.dumps(msgspec.to_builtins(record))


def from_document(document: str) -> IncidentRecord:
    """The record that ``to_document`` was given."""
    return msgspec.convert(json.loads(document), IncidentRecord)
