"""A steady load that takes little to make: one request of the shop, and in each copy of it other ids and other times."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tracetune.clock import NANOS_PER_SECOND
from tracetune.sources.otlp_decode import OtlpDecoder
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.otlp_writer import request
from tracetune.testing.shop import shop_day

_TIMES = ("start_time_unix_nano", "end_time_unix_nano")


class Load:
    """Requests of a second each: the shop's, moved to now, under trace ids of their own.

    Args:
        spans: that a request has.
    """

    def __init__(self, spans: int) -> None:
        (minute,) = shop_day(3, minutes=1, traces_per_minute=spans * 6, stories=(), batch_minutes=1)
        taken = minute.take(np.arange(min(spans, len(minute))))
        self.count = len(taken)
        text = request(taken)
        self._bytes = np.frombuffer(text, np.uint8)
        self._times = np.concatenate([taken.column(name) for name in _TIMES]).astype(np.int64)
        self._time_places = _places(text, [int(each).to_bytes(8, "little") for each in self._times])
        self._id_places = _places(text, [bytes(each) for each in taken.table["trace_id"].to_pylist()])
        moved = OtlpDecoder().decode(self.body(7, DAY_START_UNIX_NANO / NANOS_PER_SECOND + 3600)).spans
        for name in _TIMES:  # no other bytes were taken for a time
            by = np.sort(moved.column(name)) - np.sort(taken.column(name))
            assert (by == by[0]).all(), f"{name} was not moved whole"

    def body(self, number: int, now: float) -> bytes:
        """The request of a number at a time, in seconds since the Unix epoch."""
        changed = self._bytes.copy()
        moved = self._times + (int(now * NANOS_PER_SECOND) - DAY_START_UNIX_NANO)
        changed[self._time_places[:, None] + np.arange(8)] = moved.astype("<i8").view(np.uint8).reshape(-1, 8)
        changed[self._id_places[:, None] + np.arange(4)] = np.frombuffer(number.to_bytes(4, "big"), np.uint8)
        return changed.tobytes()


def _places(text: bytes, parts: list[bytes]) -> np.ndarray:
    """Where each part stands; parts that are equal stand at different places."""
    after: Counter[bytes] = Counter()
    places = []
    for part in parts:
        places.append(text.index(part, after[part]))
        after[part] = places[-1] + 1
    return np.array(places)
