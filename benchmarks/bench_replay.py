"""A day replayed as fast as it goes, from bytes to judged minutes in the store:  python benchmarks/bench_replay.py [SPANS].

The whole server but its ports, in this process: requests of 8,192 spans are written to the journal and synced, decoded, put
together by trace, folded into minutes, stored and judged; the clock follows the spans. SPANS are a part of the day, whose
20 million are what the figure is carried forward to: nothing in it grows with the day but the window that is judged.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from otlp_data import requests
from report import Row, save, table
from tracetune import log
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.live.admission import Admission
from tracetune.live.analyst import Analyst
from tracetune.live.server import Server
from tracetune.settings import ServeSettings, Settings
from tracetune.sources.otlp_decode import OtlpDecoder
from tracetune.sources.payloads import Format, PayloadDecoder
from tracetune.sources.reception import Payload
from tracetune.stores.journal import Journal
from tracetune.stores.minutes import ClickHouseMinutes

DAY_SPANS = 20_000_000
SPENT: Counter[str] = Counter()


def timed(owner: type, method: str, name: str) -> None:
    """Count the CPU time of a method's own thread under a name."""
    usual: Callable[..., Any] = getattr(owner, method)

    def counted(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it is
        begun = time.thread_time()
        try:
            return usual(*given, **more)
        finally:
            SPENT[name] += time.thread_time() - begun  # type: ignore[assignment]

    setattr(owner, method, counted)


def replay(bodies: list[bytes], last_minutes: list[int], directory: Path) -> tuple[float, float]:
    """CPU and wall seconds from the first request until all minutes are stored."""
    now = [(last_minutes[0]) * 60.0]
    ports: dict[str, Any] = dict.fromkeys(("port", "otlp_grpc_port", "otlp_http_port", "zipkin_port"), -1)
    settings = Settings(serve=ServeSettings(directory=str(directory), **ports))
    server = Server(settings, clock=lambda: now[0], ticking=False)
    server.start()
    cpu, wall = time.process_time(), time.perf_counter()
    closed = last_minutes[0] - 1
    for body, minute in zip(bodies, last_minutes, strict=True):
        now[0] = max(now[0], (minute + 1) * 60.0)
        server.admission.accept(Payload("replay", Format.OTLP_PROTOBUF, body)).result()
        for each in range(closed + 1, minute):
            server.admission.close_minute(each)
            closed = each
    server.admission.close_minute(closed + 1)
    server.stop()
    return time.process_time() - cpu, time.perf_counter() - wall


def main(spans: int) -> None:
    """Print the stages and what a day would take; keep the figures."""
    log.configure(verbosity=-1)
    bodies = requests(spans, shape="collector")
    decoder = OtlpDecoder()
    decoded = [decoder.decode(body).spans for body in bodies]
    minutes = [int(each.column("start_time_unix_nano").max() // NANOS_PER_MINUTE) for each in decoded]
    count = sum(map(len, decoded))
    with tempfile.TemporaryDirectory() as folder:  # what is compiled or loaded once, is
        replay(bodies[:2], minutes[:2], Path(folder))
    for owner, method, name in (
        (Journal, "append", "journal"),
        (PayloadDecoder, "decode", "decode"),
        (Admission, "_fold_in", "put together and add up"),
        (ClickHouseMinutes, "write", "store"),
        (Analyst, "judge", "judge"),
    ):
        timed(owner, method, name)
    with tempfile.TemporaryDirectory() as folder:
        cpu, wall = replay(bodies, minutes, Path(folder))
    rows = [Row("bytes to stored and judged minutes", count, cpu, cpu, 1, note=f"{wall:.1f} s by the clock")]
    rows += [Row(f"of it: {name}", count, seconds, seconds, 1) for name, seconds in SPENT.items()]
    print(table(rows))
    day = DAY_SPANS * (cpu - SPENT["judge"]) / count
    figures = {
        "minutes replayed": minutes[-1] - minutes[0] + 1,
        "a day of 20 million spans without judging, CPU seconds": round(day, 1),
        "a day of 20 million spans, CPU seconds": round(DAY_SPANS * cpu / count, 1),
    }
    for name, value in figures.items():
        print(f"{name}: {value:,}")
    save("replay", rows, **figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
