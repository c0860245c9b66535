from __future__ import annotations

import time

from tracetune import clock


def test_system_clock_gives_seconds_since_1970() -> None:
    before = time.time()

    now = clock.system_clock()

    assert before <= now <= time.time()
