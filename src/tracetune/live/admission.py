"""Takes requests in: decodes them, has them on disk in groups, acknowledges them, and folds them into minutes."""

from __future__ import annotations

import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from tracetune import log
from tracetune.clock import NANOS_PER_SECOND, Clock
from tracetune.domain.spans import Decoded
from tracetune.errors import InvalidInput, TracetuneError, Unavailable
from tracetune.live.fold import Emission, Fold
from tracetune.sources.payloads import Format, PayloadDecoder
from tracetune.sources.reception import Overloaded, Payload, Receipt
from tracetune.stores.checkpoint import Checkpoint
from tracetune.stores.journal import Journal

_CLOSE, _TIME, _FLUSH = 64, 65, 66
"""Kinds of records beside those of ``Format``: a minute was closed; the time at which the requests that follow arrived; what
waited to be added up was given out."""

_MINUTE, _NANO = struct.Struct("<q"), struct.Struct("<q")

_MOST_GROUP_BYTES = 16 << 20
_MOST_GROUP_REQUESTS = 1_000

CHECKPOINT_SECONDS = 60.0
CHECKPOINT_BYTES = 512 << 20
"""A checkpoint is made at a close after so long or so much; until then the journal is what a restart reads again."""


@dataclass(slots=True)
class _Waiting:
    payload: Payload
    receipt: Future[Receipt]


@dataclass(frozen=True, slots=True)
class Save:
    """A state to keep once all emissions before it are stored, and the journal's position that it stands for."""

    checkpoint: Checkpoint
    position: int


Give = Callable[[Emission | Save], None]
"""Takes what the fold gave, in order; may wait, which holds new requests up."""


class Admission:
    """One thread between the receivers and the store.

    Requests queue up while a group is written: they are the next group, and share its sync. What waits is bounded by bytes;
    beyond, ``accept`` raises Overloaded.

    Args:
        journal: opened, not replayed.
        fold: at the state of the last checkpoint.
        give: takes emissions and states, in order.
        pending_bytes: of requests that wait.
        clock: tells when requests arrive.
    """

    def __init__(self, journal: Journal, fold: Fold, give: Give, *, pending_bytes: int, clock: Clock) -> None:
        self._journal, self._fold, self._give, self._clock = journal, fold, give, clock
        self._pending_bytes = pending_bytes
        self._decoder = PayloadDecoder()
        self._lock = threading.Condition()
        self._waiting: deque[_Waiting | int] = deque()
        self._waiting_bytes = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="admission")
        self._saved_at, self._saved_position = time.monotonic(), 0
        self.received: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.problem = ""

    def replay(self, position: int = 0) -> int:
        """Fold what the journal holds from a position on; returns the number of spans. Before ``start``."""
        spans = 0
        for record in self._journal.replay(position):
            if record.kind == _CLOSE:
                self._give(self._fold.close(_MINUTE.unpack(record.data)[0]))
            elif record.kind == _TIME:
                self._fold.arrive(_NANO.unpack(record.data)[0])
            elif record.kind == _FLUSH:
                self._give(self._fold.flush())
            else:
                spans += self._replay_request(record.kind, record.data)
        self._saved_position = position
        return spans

    def start(self) -> None:
        """Begin to take requests."""
        self._thread.start()

    def accept(self, payload: Payload) -> Future[Receipt]:
        """Queue a request; see ``sources.reception.Accept``."""
        size = len(payload.data)
        receipt: Future[Receipt] = Future()
        with self._lock:
            if self._stopping:
                raise Unavailable("the server is stopping", hint="send again when it is back")
            if self._waiting and self._waiting_bytes + size > self._pending_bytes:
                raise Overloaded("more requests wait than memory is set aside for", hint="send again later")
            self._waiting.append(_Waiting(payload, receipt))
            self._waiting_bytes += size
            self._lock.notify()
        return receipt

    def close_minute(self, minute: int) -> None:
        """Have a minute closed after everything that was accepted so far."""
        with self._lock:
            self._waiting.append(minute)
            self._lock.notify()

    def stop(self) -> None:
        """Answer what was accepted, give a last state, and end."""
        with self._lock:
            self._stopping = True
            self._lock.notify()
        self._thread.join()
        try:
            self._journal.append([(_FLUSH, b"")])
        except Unavailable as error:
            log.get_logger("admission").warning("no state was saved; the journal will be read again", why=error.message)
        else:
            self._give(self._fold.flush())
            self._save()
        self._journal.close()

    @property
    def held_spans(self) -> int:
        """Spans whose traces are not given out yet."""
        return self._fold.held_spans

    def _run(self) -> None:
        while group := self._next_group():
            requests = [each for each in group if isinstance(each, _Waiting)]
            if requests:
                self._take(requests)
            for each in group:
                if isinstance(each, int):
                    self._close(each)

    def _next_group(self) -> list[_Waiting | int]:
        """What waits, up to a bound, but nothing behind a close; empty at the end."""
        with self._lock:
            self._lock.wait_for(lambda: self._waiting or self._stopping)
            group: list[_Waiting | int] = []
            size = 0
            while self._waiting and size < _MOST_GROUP_BYTES and len(group) < _MOST_GROUP_REQUESTS:
                each = self._waiting.popleft()
                group.append(each)
                if isinstance(each, int):
                    break
                size += len(each.payload.data)
            return group

    def _take(self, requests: list[_Waiting]) -> None:
        now_nano = int(self._clock() * NANOS_PER_SECOND)
        self._fold.arrive(now_nano)
        taken = [(each, decoded) for each in requests if (decoded := self._decoded(each)) is not None]
        records = [(int(each.payload.format), each.payload.data) for each, _ in taken]
        if not records:
            return
        try:
            self._journal.append([(_TIME, _NANO.pack(now_nano)), *records])
        except Unavailable as error:
            self.problem = f"{error.message}; {error.hint}"
            for each, _ in taken:
                self._answer(each, error)
            return
        self.problem = ""
        for each, decoded in taken:
            self.received[each.payload.receiver] += len(decoded.spans)
            self.dropped.update(decoded.rejected)
            self._answer(each, Receipt(len(decoded.spans), decoded.rejected))
        for _, decoded in taken:
            self._fold_in(decoded)

    def _decoded(self, each: _Waiting) -> Decoded | None:
        """The spans of a request; None where it was answered with why there are none."""
        try:
            return self._fold.screen(self._decoder.decode(each.payload.format, each.payload.data))
        except InvalidInput as error:
            self._answer(each, error)
        except Exception as error:  # noqa: BLE001 - no request may end the thread that serves all others
            log.get_logger("admission").exception("a request could not be decoded", error=str(error))
            self._answer(each, InvalidInput("the request could not be decoded", hint="this is ours to mend"))
        return None

    def _answer(self, each: _Waiting, answer: Receipt | TracetuneError) -> None:
        with self._lock:
            self._waiting_bytes -= len(each.payload.data)
        if each.receipt.set_running_or_notify_cancel():
            if isinstance(answer, Receipt):
                each.receipt.set_result(answer)
            else:
                each.receipt.set_exception(answer)

    def _close(self, minute: int) -> None:
        try:
            self._journal.append([(_CLOSE, _MINUTE.pack(minute))])
        except Unavailable as error:
            self.problem = f"{error.message}; {error.hint}"
            return
        self._give(self._fold.close(minute))
        grown = self._journal.end - self._saved_position
        if time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS or grown >= CHECKPOINT_BYTES:
            self._save()

    def _fold_in(self, decoded: Decoded) -> None:
        for emission in self._fold.take(decoded.spans):
            self._give(emission)

    def _save(self) -> None:
        self._give(Save(self._fold.checkpoint(), self._journal.end))
        self._saved_at, self._saved_position = time.monotonic(), self._journal.end

    def _replay_request(self, kind: int, data: bytes) -> int:
        try:
            decoded = self._fold.screen(self._decoder.decode(Format(kind), data))
        except (InvalidInput, ValueError) as error:
            log.get_logger("admission").warning("a request in the journal cannot be read", kind=kind, why=str(error))
            return 0
        self._fold_in(decoded)
        return len(decoded.spans)
