"""How a server's memory grows, as fast as minutes can be made:  python benchmarks/bench_growth.py [MINUTES] [REQUESTS] [plain].

The whole server but its ports, in this process, with a window of an hour, which is full early; the clock follows the spans,
and REQUESTS of a thousand spans make a minute. In the second half of MINUTES all that is bounded is full, so what grows there
would grow for ever. Beside resident memory stands what the parts say that they hold: the C library, Arrow, ClickHouse, and
Python's own count of blocks. Where these are flat and resident memory is not, an allocator keeps what is free. ClickHouse
keeps merged parts by the real clock, and looks for old ones by it: it has many of them here, goes up and down, and is told to
keep them for less than eight minutes. With *plain* nothing is given back, to see what that is worth; that is not kept.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from load import Load
from report import save
from tracetune import log
from tracetune.clock import NANOS_PER_MINUTE
from tracetune.live import memory
from tracetune.live.keeping import TABLES
from tracetune.live.memory import resident_bytes
from tracetune.live.server import Server
from tracetune.settings import ServeSettings, Settings
from tracetune.sources.payloads import Format
from tracetune.sources.reception import Payload
from tracetune.testing.build import DAY_START_UNIX_NANO

FIRST = DAY_START_UNIX_NANO // NANOS_PER_MINUTE
MEBIBYTE = 1 << 20


class _Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks mapped usmblks fsmblks used free keepcost".split()  # noqa: SIM905 - of malloc.h
    ]


def sample(server: Server) -> tuple[float, ...]:
    """MiB now: resident, in use by the C library's callers, by Arrow, by ClickHouse; and Python's blocks, in thousands."""
    gc.collect()
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Mallinfo
    held = mallinfo()
    asked = "SELECT value FROM system.metrics WHERE metric = 'MemoryTracking'"
    tracked = server._database.query(asked, {})  # noqa: SLF001 - nobody else asks it
    found = resident_bytes(), held.used + held.mapped, pa.total_allocated_bytes(), tracked["value"][0].as_py()
    return (*(each / MEBIBYTE for each in found), sys.getallocatedblocks() / 1000)


def minutes(count: int, requests: int, directory: Path) -> Iterator[tuple[float, ...]]:
    """A sample after each minute."""
    load, now = Load(1_000), [FIRST * 60.0]
    ports: dict[str, Any] = dict.fromkeys(("port", "otlp_grpc_port", "otlp_http_port", "zipkin_port"), -1)
    settings = Settings(serve=ServeSettings(directory=str(directory), window_hours=1, **ports))
    server = Server(settings, clock=lambda: now[0], ticking=False)
    server.start()
    for name in TABLES:
        server._database.command(f"ALTER TABLE {name} MODIFY SETTING old_parts_lifetime = 5")  # noqa: SLF001
    try:
        for minute in range(count):
            for number in range(requests):
                now[0] = (FIRST + minute + number / requests) * 60.0
                body = load.body(minute * requests + number, now[0])
                server.admission.accept(Payload("growth", Format.OTLP_PROTOBUF, body)).result()
            before = server.publisher.current().version
            now[0] = (FIRST + minute + 1) * 60.0
            server.admission.close_minute(FIRST + minute)
            while server.publisher.current().version == before:
                time.sleep(0.002)
            yield (minute, *sample(server))
    finally:
        server.stop()


def main(count: int, requests: int, *, is_plain: bool) -> None:
    """Print and keep what grows in the second half."""
    log.configure(verbosity=-1)
    if is_plain:
        memory._malloc_trim = None  # noqa: SLF001 - as where there is none
    else:
        memory.share_allocator()
    with tempfile.TemporaryDirectory() as folder:
        samples = np.zeros((count, 6))  # made before: they are no growth
        for at, each in enumerate(minutes(count, requests, Path(folder))):
            samples[at] = each
    later = samples[count // 2 :]
    slopes = 1000 * np.polyfit(later[:, 0], later[:, 1:], 1)[0]
    figures: dict[str, float | str] = {
        "minutes": count,
        "spans a minute": 1_000 * requests,
        "resident MiB, median of the second half": round(float(np.median(later[:, 1])), 1),
        "resident: MiB more in 1,000 minutes": round(slopes[0], 1),
        "in use of the C library: MiB more in 1,000 minutes": round(slopes[1], 1),
        "in use of Arrow: MiB more in 1,000 minutes": round(slopes[2], 1),
        "Python's blocks: thousands more in 1,000 minutes": round(slopes[4], 1),
        "in use of ClickHouse: MiB, least and most": f"{later[:, 4].min():.0f} to {later[:, 4].max():.0f}",
    }
    for name, value in figures.items():
        print(f"{name:55} {value}")
    if not is_plain:
        save("growth", [], **figures)


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each != "plain"]
    main(*map(int, [*given, *("240", "20")[len(given) :]]), is_plain="plain" in sys.argv)
