"""How the running process is doing: what came in, what was left out, how far behind it is, what the models know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReceiverStatus:
    """One way in since the start: ``refused`` counts requests turned away (overload, no token, malformed)."""

    name: str  # otlp_grpc, otlp_http, zipkin, kafka, jaeger, tempo, clickhouse
    address: str  # where it listens or pulls from
    requests: int = 0
    spans: int = 0
    bytes: int = 0
    refused: int = 0
    problem: str = ""  # why it gets nothing just now, as "broker away since 14:03"; "" where all is well


@dataclass(frozen=True, slots=True)
class Status:
    """The process as a whole, since its start unless said otherwise.

    Attributes:
        received: spans by receiver.
        dropped: spans left out, or noted, by reason; reasons are codes of ``domain.quality.PROBLEMS``.
        held_spans: spans waiting for their traces to be whole.
        lag_seconds: from the last closed minute's grace end to its publication.
        model: one sentence for people, as "learning, 3 of 24 hours" or "network of 14:05 and baselines".
        model_minutes, model_minutes_wanted: history there is, and history that makes the models whole.
        memory_bytes: resident.
        journal_bytes: acknowledged spans on disk that are in no stored minute yet.
        problems: what somebody should look at, one sentence each, as "the disk is full: spans are refused".
    """

    started_unix_seconds: float = 0.0
    ready: bool = False
    receivers: tuple[ReceiverStatus, ...] = ()
    received: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    held_spans: int = 0
    lag_seconds: float = 0.0
    model: str = ""
    model_minutes: int = 0
    model_minutes_wanted: int = 1440
    memory_bytes: int = 0
    journal_bytes: int = 0
    store_url: str = ""
    problems: tuple[str, ...] = ()
