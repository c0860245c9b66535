"""The real process: it takes spans by every port, stops when told, and goes on after it was killed."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import grpc
import httpx
import pytest
from tests.live.parts import trace_of
from tests.live.real import serving
from tests.live.test_tls import self_signed

from tracetune.testing.otlp_writer import request
from tracetune.testing.zipkin_writer import zipkin_v2


def test_ports_with_tls_take_only_senders_with_a_certificate(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    config = tmp_path / "tracetune.toml"
    config.write_text(
        f'[serve]\ntls_certificate = "{certificate}"\ntls_key = "{key}"\ntls_client_ca = "{certificate}"\n'
    )
    trust, own = Path(certificate).read_bytes(), Path(key).read_bytes()
    headers = {"content-type": "application/x-protobuf"}
    method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    with serving(tmp_path / "data", "--config", str(config)) as served:
        url = f"https://127.0.0.1:{served.ports['otlp_http']}/v1/traces"
        context = ssl.create_default_context(cafile=certificate)
        with pytest.raises(httpx.TransportError):
            httpx.post(url, content=request(trace_of(0)), headers=headers, verify=context)
        context.load_cert_chain(certificate, key)
        answer = httpx.post(url, content=request(trace_of(0)), headers=headers, verify=context)
        codes = []
        for credentials in (
            grpc.ssl_channel_credentials(trust),
            grpc.ssl_channel_credentials(trust, own, trust),
        ):
            with grpc.secure_channel(f"127.0.0.1:{served.ports['otlp_grpc']}", credentials) as channel:
                try:
                    channel.unary_unary(method)(request(trace_of(1)), timeout=30)
                    codes.append("taken")
                except grpc.RpcError as error:
                    codes.append(error.code().name)

    assert answer.status_code == 200
    assert codes == ["UNAVAILABLE", "taken"]


def test_every_port_takes_spans_and_the_process_stops_when_told(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        over_http = httpx.post(
            f"http://127.0.0.1:{served.ports['otlp_http']}/v1/traces",
            content=request(trace_of(0)),
            headers={"content-type": "application/x-protobuf"},
        )
        zipkin = httpx.post(
            f"http://127.0.0.1:{served.ports['zipkin']}/api/v2/spans", content=b"".join(zipkin_v2([trace_of(1)]))
        )
        with grpc.insecure_channel(f"127.0.0.1:{served.ports['otlp_grpc']}") as channel:
            method = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            over_grpc = method(request(trace_of(2)), timeout=30)

        assert served.stop() == 0

    assert (over_http.status_code, zipkin.status_code, over_grpc) == (200, 202, b"")


def test_a_command_that_wants_the_store_of_a_server_is_told_where_to_ask(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        command = [sys.executable, "-m", "tracetune", "export", str(tmp_path / "out"), "--store"]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [*command, f"chdb://{tmp_path}/store"], capture_output=True, text=True, check=False
        )

    assert done.returncode == 1
    assert f"in use by process {served.process.pid}, which serves http://127.0.0.1:{served.ports['api']}" in done.stderr
    assert f"--url http://127.0.0.1:{served.ports['api']}" in done.stderr
