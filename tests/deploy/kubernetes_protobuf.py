"""A Secret or Namespace as typed Go clients send it: Kubernetes' protobuf, of which Helm and kubectl use a few fields.

Source: k8s.io/apimachinery/pkg/runtime/generated.proto (Unknown), pkg/apis/meta/v1/generated.proto (ObjectMeta),
k8s.io/api/core/v1/generated.proto (Secret, Namespace).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"


def decoded(body: bytes) -> dict[str, Any]:
    """The object in JSON's form."""
    if not body.startswith(_MAGIC):
        raise ValueError("this is not Kubernetes' protobuf")
    unknown = body.removeprefix(_MAGIC)
    kind, raw = _one(_one(unknown, 1), 2).decode(), _one(unknown, 2)
    metadata = _one(raw, 1)
    labels = {key.decode(): value.decode() for key, value in _entries(metadata, 11)}
    found = {"apiVersion": "v1", "kind": kind, "metadata": {"name": _one(metadata, 1).decode(), "labels": labels}}
    if kind == "Namespace":
        return found
    if kind != "Secret":
        raise ValueError(f"only Secret and Namespace are known here, not {kind}")
    data = {key.decode(): base64.b64encode(value).decode() for key, value in _entries(raw, 2)}
    return found | {"data": data, "type": _one(raw, 3).decode()}


def _one(message: bytes, number: int) -> bytes:
    """A field's value; what is not there is empty, as protobuf has it."""
    return next((value for each, value in _fields(message) if each == number), b"")


def _entries(message: bytes, number: int) -> Iterator[tuple[bytes, bytes]]:
    """A map's keys and values."""
    for each, value in _fields(message):
        if each == number:
            yield _one(value, 1), _one(value, 2)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of each field that has a length; numbers are passed over."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        length, at = _varint(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + length]
            at += length
        elif tag & 7 != 0:
            raise ValueError(f"wire type {tag & 7} does not occur in these")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
