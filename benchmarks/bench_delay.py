"""From the end of the spans to the incident that is published:  python benchmarks/bench_delay.py.

The whole server but its ports is given a shop's minutes; after an hour a release makes payments slow. The clock follows the
spans; what is added up is what a reader waits for: whole minutes until the evidence suffices, the grace after the minute's
end, and the seconds on the wall from closing that minute to the published incident (decode, fold, store, judge, explain).
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from report import save
from tracetune import log
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.live.server import Server
from tracetune.settings import ServeSettings, Settings
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Payload
from tracetune.testing.build import DAY_START_UNIX_NANO
from tracetune.testing.otlp_writer import request
from tracetune.testing.shop import Kind, Truth, shop_day

FIRST, ONSET, MINUTES = DAY_START_UNIX_NANO // NANOS_PER_MINUTE, 60, 75
SEEDS = 3


def told(seed: int, directory: Path) -> tuple[int, float, float]:
    """Minutes from the onset to the end of the minute that told, then CPU and wall seconds from closing it to the snapshot."""
    now = [FIRST * 60.0]
    ports: dict[str, Any] = dict.fromkeys(("port", "otlp_grpc_port", "otlp_http_port", "zipkin_port"), -1)
    server = Server(
        Settings(serve=ServeSettings(directory=str(directory), **ports)), clock=lambda: now[0], ticking=False
    )
    server.start()
    story = Truth(Kind.RELEASE, "payments", "POST /authorize", ONSET, MINUTES)
    try:
        day = shop_day(seed, minutes=MINUTES, traces_per_minute=90, stories=[story], batch_minutes=1)
        for minute, spans in enumerate(day):
            now[0] = (FIRST + minute + 1) * 60.0
            server.admission.accept(Payload("delay", Format.OTLP_PROTOBUF, request(spans))).result()
            before = server.publisher.current().version
            cpu, wall = time.process_time(), time.perf_counter()
            server.admission.close_minute(FIRST + minute)
            while server.publisher.current().version == before:
                time.sleep(0.001)
            spent = time.process_time() - cpu, time.perf_counter() - wall
            if minute >= ONSET and server.publisher.current().open_incidents:
                return minute + 1 - ONSET, *spent
    finally:
        server.stop()
    raise AssertionError("the slow release was not found")


def main() -> None:
    """Print and keep each seed's delay."""
    log.configure(verbosity=-1)
    grace = ServeSettings().grace_seconds
    figures: dict[str, float] = {"grace after a minute, seconds": grace}
    for seed in range(1, SEEDS + 1):
        with tempfile.TemporaryDirectory() as folder:
            minutes, cpu, wall = told(seed, Path(folder))
        figures |= {
            f"seed {seed}: minutes from the onset": minutes,
            f"seed {seed}: CPU s from closing the minute": round(cpu, 3),
            f"seed {seed}: seconds from closing the minute": round(wall, 3),
            f"seed {seed}: seconds from the onset": round(60 * minutes + grace + wall, 1),
            f"seed {seed}: seconds from the last span's end": round(grace + wall, 1),
        }
    for name, value in figures.items():
        print(f"{name:45} {value:,}")
    save("delay", (), **figures)


if __name__ == "__main__":
    main()
