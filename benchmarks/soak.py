"""A steady load for as long as one likes: memory and journal must stay flat, nothing may be lost.  make soak MINUTES=30.

A real ``tracetune serve`` gets SPANS spans, times REQUESTS, a second over HTTP, in requests of new traces. Every fifteen
seconds its memory is noted. The slope is that of a line through the second half. By then all that is bounded is full but the
window, which takes as many minutes as it is long (a day), and ClickHouse's merged parts, which it keeps for eight minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from bench_serve import cpu_seconds, resident_mebibytes, started
from load import Load
from report import save

SPANS, REQUESTS = 1_000, 4
SAMPLE_SECONDS = 15.0
_PORTS = ("--otlp-grpc-port", "-1", "--otlp-http-port", "0", "--zipkin-port", "-1", "--port", "0")


def main(minutes: float) -> None:
    """Send, note, and say how flat it was."""
    load = Load(SPANS)
    sent = 0
    samples: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tracetune", "serve", "--directory", folder, "--json", "--quiet", *_PORTS]
        with started(command, stdout=subprocess.PIPE, env=os.environ) as server, httpx.Client(timeout=120) as client:
            assert server.stdout is not None
            ports = json.loads(server.stdout.readline())["ports"]
            url = f"http://127.0.0.1:{ports['otlp_http']}/v1/traces"
            begun = time.monotonic()
            number = 0
            while (passed := time.monotonic() - begun) < 60 * minutes:
                for part in range(REQUESTS):
                    body = load.body(number * REQUESTS + part, time.time() - 2.0)
                    answer = client.post(url, content=body, headers={"content-type": "application/x-protobuf"})
                    assert answer.status_code == 200, answer.content
                    sent += load.count
                number += 1
                if not samples or passed - samples[-1][0] >= SAMPLE_SECONDS:
                    samples.append((passed, resident_mebibytes(server.pid)))
                time.sleep(max(0.0, number - (time.monotonic() - begun)))
            spent = cpu_seconds(server.pid)
            journal = sum(each.stat().st_size for each in Path(folder, "journal").glob("*.journal")) / (1 << 20)
            time.sleep(3.0)  # the count is published every two seconds
            text = client.get(f"http://127.0.0.1:{ports['api']}/metrics").text
    received = next(
        int(float(line.split()[-1])) for line in text.splitlines() if line.startswith("tracetune_spans_received_total{")
    )
    later = np.array(samples[len(samples) // 2 :])
    slope = float(np.polyfit(later[:, 0] / 60.0, later[:, 1], 1)[0]) if len(later) > 2 else float("nan")
    figures = {
        "minutes": minutes,
        "spans a second": load.count * REQUESTS,
        "spans sent": sent,
        "spans received": received,
        "server's CPU seconds": round(spent, 1),
        "journal at the end, MiB": round(journal, 1),
        "resident MiB, middle": round(float(later[0, 1]), 1),
        "resident MiB, end": round(float(later[-1, 1]), 1),
        "MiB a minute, second half": round(slope, 3),
    }
    for name, value in figures.items():
        print(f"{name}: {value:,}")
    save("soak", [], **figures)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
