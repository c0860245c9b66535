"""The errors that users may see: one base, one code each, and the exit status and HTTP status of each code.

    TracetuneError            internal          a fault of ours; its text is never shown to a client of the API
    ├── InvalidInput          invalid_input     a file, batch or argument that cannot be used
    ├── InvalidSettings       invalid_settings  a setting that cannot be used
    ├── NotFound              not_found         a name or id that does not exist
    ├── NotEnoughData         not_enough_data   too few minutes, calls or spans to answer honestly
    ├── Conflict              conflict          somebody else owns it (a store, a port)
    ├── Unavailable           unavailable       a part we need is missing or away; trying later may help
    ├── Unauthorized          unauthorized      a server wants a token, or does not know this one
    └── Forbidden             forbidden         the caller is known, but may not do this

A message says what is wrong, with which value; the hint says what to do. Programming mistakes raise built-in errors.
"""

from __future__ import annotations

from typing import ClassVar


class TracetuneError(Exception):
    """The base of every error with a code; catch this at a surface, never in a stage."""

    code: ClassVar[str] = "internal"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(TracetuneError):
    """A file, batch or argument that cannot be used."""

    code = "invalid_input"
    http_status = 400


class InvalidSettings(TracetuneError):
    """A setting that cannot be used."""

    code = "invalid_settings"
    exit_status = 2
    http_status = 400


class NotFound(TracetuneError):
    """A name or id that does not exist."""

    code = "not_found"
    http_status = 404


class NotEnoughData(TracetuneError):
    """Too few minutes, calls or spans to answer honestly."""

    code = "not_enough_data"
    exit_status = 4
    http_status = 422


class Conflict(TracetuneError):
    """Somebody else owns it: a store, a port, an id."""

    code = "conflict"
    http_status = 409


class Unavailable(TracetuneError):
    """A part that is needed is missing or away; trying later, or installing it, helps."""

    code = "unavailable"
    http_status = 503


class Unauthorized(TracetuneError):
    """A server wants a token, and got none or one that it does not know."""

    code = "unauthorized"
    http_status = 401


class Forbidden(TracetuneError):
    """The caller is known, but its role does not allow this."""

    code = "forbidden"
    http_status = 403
