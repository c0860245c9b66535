"""What every receiver of spans shares: what it hands over, what it is answered, and what it counts."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from tracetune.domain.quality import PROBLEMS, Effect
from tracetune.errors import Unavailable
from tracetune.sources.payloads import Format

RETRY_AFTER_SECONDS = 2
"""When a sender that was turned away may come again: a group of requests reaches the disk in milliseconds."""


class Overloaded(Unavailable):
    """More requests wait than memory is set aside for; the sender is told to come again."""

    http_status = 429


@dataclass(frozen=True, slots=True)
class Payload:
    """One request as it came: who received it, its format, and its bytes without transport or content encoding."""

    receiver: str
    format: Format
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Given when the spans are on disk: how many were taken, and how many were left out by reason."""

    spans: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def rejected_spans(self) -> int:
        """Spans that were left out, as the OTLP partial success counts them."""
        return sum(count for code, count in self.rejected.items() if PROBLEMS[code].effect is Effect.REJECTED)

    @property
    def reason(self) -> str:
        """Why spans were left out, for the sender's log."""
        left_out = [(code, count) for code, count in self.rejected.items() if PROBLEMS[code].effect is Effect.REJECTED]
        return "; ".join(f"{count} spans: {PROBLEMS[code].meaning}" for code, count in left_out)


Accept = Callable[[Payload], "Future[Receipt]"]
"""Takes a request. The future gives its receipt once the spans are on disk, or raises InvalidInput or Unavailable.

Raises Overloaded at once where there is no room for it.
"""


class Tally:
    """What one receiver counts since its start; for several threads."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, address
        self._lock = threading.Lock()
        self.requests = self.spans = self.bytes = self.refused = 0
        self.problem = ""

    def took(self, size: int, spans: int) -> None:
        """Count a request that was acknowledged."""
        with self._lock:
            self.requests += 1
            self.bytes += size
            self.spans += spans

    def turned_away(self) -> None:
        """Count a request that was not taken."""
        with self._lock:
            self.requests += 1
            self.refused += 1


def bears(authorization: str, tokens: Sequence[str]) -> bool:
    """Whether an Authorization header gives one of the tokens, if there are any; told in constant time."""
    scheme, _, given = authorization.partition(" ")
    is_bearer = scheme.lower() == "bearer"
    found = [hmac.compare_digest(given.strip().encode(), token.encode()) for token in tokens]
    return not tokens or (is_bearer and any(found))
