"""What OTLP senders are answered: success in full or in part, and failure with when to try again.

Source: OTLP specification 1.9, "OTLP/gRPC Response", "OTLP/HTTP Response"; google/rpc/status.proto, error_details.proto.
"""

from __future__ import annotations

import json

from tracetune.sources.reception import Receipt

INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE, UNAUTHENTICATED = 3, 8, 14, 16
"""Codes of google.rpc.Code."""

_RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def answer(receipt: Receipt, *, as_json: bool = False) -> bytes:
    """An ExportTraceServiceResponse; without a partial success where every span was taken."""
    rejected = receipt.rejected_spans
    if as_json:
        partial = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": receipt.reason}}
        return json.dumps(partial if rejected else {}).encode()
    if not rejected:
        return b""
    return _field(1, b"\x08" + _varint(rejected) + _field(2, receipt.reason.encode()))


def status(code: int, message: str, *, retry_after_seconds: int = 0, as_json: bool = False) -> bytes:
    """A google.rpc.Status, with RetryInfo where the sender should come again."""
    if as_json:
        return json.dumps({"code": code, "message": message}).encode()
    head = b"\x08" + _varint(code) + _field(2, message.encode())
    if not retry_after_seconds:
        return head
    retry_info = _field(1, b"\x08" + _varint(retry_after_seconds))  # RetryInfo.retry_delay, a Duration of seconds
    return head + _field(3, _field(1, _RETRY_INFO) + _field(2, retry_info))


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
