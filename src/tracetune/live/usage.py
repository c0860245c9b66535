"""Asks for CPU and memory beside the minute loop, which goes on without them when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence

from tracetune import log
from tracetune.domain.usage import PodUsage
from tracetune.errors import TracetuneError
from tracetune.ports import UsageReader


class WatchedUsage:
    """A ``UsageReader`` that never raises: while the other one does not answer, nothing is known, and ``problem`` says why.

    For one thread; ``problem`` may be read from any.
    """

    def __init__(self, reader: UsageReader) -> None:
        self._reader = reader
        self.problem = ""

    def read(self, start_unix_seconds: float, end_unix_seconds: float) -> Sequence[PodUsage]:
        """What the reader says; nothing where it fails."""
        try:
            found = self._reader.read(start_unix_seconds, end_unix_seconds)
        except TracetuneError as error:
            problem = f"{error.message}; advice goes on without CPU and memory"
            if problem != self.problem:
                log.get_logger("usage").warning("CPU and memory are not known", error=error.message)
            self.problem = problem
            return ()
        self.problem = ""
        return found
