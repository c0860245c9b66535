"""A real Prometheus that scrapes a page of two pods, made here, and knows what the same page said for six hours."""

from __future__ import annotations

import http.server
import math
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tracetune.domain.usage import PodUsage
from tracetune.errors import Unavailable
from tracetune.sources.prometheus_query import PrometheusQuery

PATIENCE_SECONDS = 60.0
CORES = {"payment-a": 0.48, "cart-b": 0.05}


_CONTAINERS = {"app": 0.75, "istio-proxy": 0.25, "POD": 1.0, "": 1.0}  # shares of the pod; the last two are its sum
BEGAN = int(time.time()) // 60 * 60 - 6 * 3600  # of the pods; only ever compared with the clock


def _cpu_seconds(pod: str, at: float) -> float:
    """Used since the pod began: half as much for the first five hours."""
    late = BEGAN + 5 * 3600
    return CORES[pod] * (0.5 * (min(at, late) - BEGAN) + max(at - late, 0.0))


def _lines(at: float, stamp: str = "") -> dict[str, list[str]]:
    """What cAdvisor and kube-state-metrics expose of two pods, by metric."""
    app = 'namespace="shop",pod="payment-a",container="app"'
    found = {
        "kube_pod_container_resource_requests": [
            f'{{{app},resource="cpu"}} 0.25{stamp}',
            f'{{{app},resource="memory"}} 6.4e7{stamp}',
        ],
        "kube_pod_container_resource_limits": [f'{{{app},resource="cpu"}} 0.5{stamp}'],
    }
    for pod in CORES:
        for container, share in _CONTAINERS.items():
            labels = f'{{namespace="shop",pod="{pod}",container="{container}"}}'
            used, memory = share * _cpu_seconds(pod, at), share * (1e8 + 1e4 * (at - BEGAN))
            found.setdefault("container_cpu_usage_seconds_total", []).append(f"{labels} {used:.4f}{stamp}")
            found.setdefault("container_memory_working_set_bytes", []).append(f"{labels} {memory:.0f}{stamp}")
        labels = f'{{namespace="shop",pod="{pod}",container="app"}}'
        periods, stopped = 10 * (at - BEGAN), (4 if pod == "payment-a" else 0) * (at - BEGAN)
        found.setdefault("container_cpu_cfs_periods_total", []).append(f"{labels} {periods:.3f}{stamp}")
        found.setdefault("container_cpu_cfs_throttled_periods_total", []).append(f"{labels} {stopped:.3f}{stamp}")
    return found


def _history(until: float) -> str:
    """The same as OpenMetrics, once a minute since the pods began and every ten seconds of the last ten minutes."""
    found: dict[str, list[str]] = {}
    for at in [*range(BEGAN, int(until) - 600, 60), *range(int(until) - 600, int(until), 10)]:
        for name, lines in _lines(at, f" {at}").items():
            found.setdefault(name, []).extend(f"{name}{line}" for line in lines)
    return "\n".join([*(line for lines in found.values() for line in lines), "# EOF", ""])


class Page(http.server.BaseHTTPRequestHandler):
    """The page that is scraped."""

    def do_GET(self) -> None:
        lines = [f"{name}{line}" for name, found in _lines(time.time()).items() for line in found]
        body = "\n".join([*lines, ""]).encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_prometheus(folder: Path) -> Iterator[str]:
    """Its address; the test is skipped where it is not installed."""
    program, tool = shutil.which("prometheus"), shutil.which("promtool")
    if program is None or tool is None:
        pytest.skip("Prometheus is not installed: apt-get install prometheus")
    with serving(Page) as page, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            f"scrape_configs: [{{job_name: pods, static_configs: [{{targets: ['127.0.0.1:{page}']}}]}}]\n"
        )
        (folder / "history.txt").write_text(_history(time.time()))
        backfill = [tool, "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"]
        subprocess.run(backfill, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - Debian's own
        told = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        process = subprocess.Popen(  # noqa: S603
            [program, *told, f"--web.listen-address={address}", "--log.level=error"], stderr=subprocess.DEVNULL
        )
        try:
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait()


def pods_of(address: str) -> dict[str, PodUsage]:
    """What is read of both pods, as soon as Prometheus answers and has a rate of each."""
    reader, until = PrometheusQuery(address), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            now = time.time()
            found = {each.pod: each for each in reader.read(now - 60, now)}
        except Unavailable:
            found = {}
        if len(found) == len(CORES) and all(math.isfinite(each.cpu_during_cores) for each in found.values()):
            return found
        time.sleep(0.2)
    raise AssertionError(f"Prometheus knew no rate after {PATIENCE_SECONDS:g} s")
