"""What a status-like attribute says about a span: a failure for which span kinds, or an explicit success.

A verdict is a small bit mask, so that it can be looked up per distinct value, combined over a span's attributes with
``|``, and read off for a whole column at once: bit k (0 to 5) says "a failure when the span's kind is k",
bit 6 says "its author set the status to OK".
"""

from __future__ import annotations

from tracetune.domain.spans import SpanKind, StatusCode

FAILURE = 0b111111
EXPLICIT_OK = 1 << 6
_CLIENT = 1 << SpanKind.CLIENT

GRPC_CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""Names of the gRPC status codes by number (grpc, doc/statuscodes.md)."""

_GRPC_NUMBER = {name.replace("_", ""): number for number, name in enumerate(GRPC_CODES)} | {"CANCELED": 1}

# These are the server's own fault; the others are answers to a caller's mistake
# (OpenTelemetry semantic conventions, "gRPC", section "Server": which codes set an error status).
_GRPC_SERVER_FAILURES = frozenset({2, 4, 12, 13, 14, 15})


def from_error_flag(text: str) -> int:
    """OpenTracing's boolean ``error`` and Zipkin's ``error``, which means failure by being there, even if empty."""
    return 0 if text.lower() == "false" else FAILURE


def from_otel_status(text: str) -> int:
    """``otel.status_code`` of non-OTLP exporters (OpenTelemetry, "Mapping to non-OTLP formats", "Span status")."""
    return {"error": FAILURE, "2": FAILURE, "ok": EXPLICIT_OK, "1": EXPLICIT_OK}.get(text.lower(), 0)


def from_http_status(text: str) -> int:
    """An HTTP status: 5xx is a failure; 4xx only on the client's side (HTTP semantic conventions, "Status")."""
    if len(text) != 3 or text[0] not in "45" or not text.isdecimal():
        return 0
    return FAILURE if text[0] == "5" else _CLIENT


def from_grpc_status(text: str) -> int:
    """A gRPC status, number or name: not OK is the client's failure, and on a server only if it is at fault."""
    number = int(text) if text.isascii() and text.isdecimal() else _GRPC_NUMBER.get(text.replace("_", "").upper(), 0)
    if number == 0:
        return 0
    return FAILURE if number in _GRPC_SERVER_FAILURES else _CLIENT


def from_response_flags(text: str) -> int:
    """Envoy's ``response_flags``: anything but "-" says why Envoy could not answer well (Envoy, access log, flags)."""
    return 0 if text in ("", "-") else FAILURE


def from_error_type(text: str) -> int:
    """``error.type``, which is set only where the operation failed (OpenTelemetry attribute registry, "error")."""
    return FAILURE if text else 0


def status_code(verdict: int, kind: int) -> StatusCode:
    """The status that a combined verdict gives a span of this kind; an explicit OK is final (trace API, "Set Status")."""
    if verdict & EXPLICIT_OK:
        return StatusCode.OK
    return StatusCode.ERROR if verdict >> kind & 1 else StatusCode.UNSET
