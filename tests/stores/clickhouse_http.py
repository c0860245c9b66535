"""ClickHouse's HTTP interface over TLS for tests: the real engine, chDB, behind a small server that speaks as its own does.

No registry reached here has a ClickHouse server. What is tested with this is what the client sends over TLS, and that the same
statements give the same answers; users, roles, replication and the server's own settings are not.
"""

from __future__ import annotations

import importlib
import re
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import zstandard

PASSWORD = "secret"  # noqa: S105 - of a server that lives for a test

_NO_SETTINGS = re.compile(
    r"param_.*|database|query|query_id|session_.*|client_protocol_version|compress|wait_end_of_query|enable_http_compression|"
    r"send_progress_in_http_headers|http_headers_progress_interval_ms|default_format|role|user|password"
)
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)\s*\n?", re.IGNORECASE | re.DOTALL)


@contextmanager
def clickhouse_over_tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """A running server over a directory: its address with user and password, and the authority that signed its certificate."""
    key, certificate = _certificate(folder)
    engine: Any = importlib.import_module("chdb.session").Session(str(folder / "engine"))
    lock = threading.Lock()

    def run(asked: dict[str, str], body: bytes, headers: Any) -> bytes:
        with lock:
            return _run(engine, folder, asked, body, headers)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"run": staticmethod(run)}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"https://me:{PASSWORD}@localhost:{server.server_port}/default", certificate
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
        engine.close()


class Handler(BaseHTTPRequestHandler):
    """One connection; ``run`` is given the parameters, the body and the headers of each statement."""

    protocol_version = "HTTP/1.1"
    run: Callable[[dict[str, str], bytes, Any], bytes]

    def do_GET(self) -> None:
        """Say that the server is there."""
        self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        """Run a statement."""
        body = _plain(self._body(), self.headers.get("content-encoding", ""))
        if "Basic bWU6c2VjcmV0" not in self.headers.get("authorization", ""):  # me:secret
            self._answer(403, b"Code: 516. DB::Exception: me: Authentication failed")
            return
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        try:
            self._answer(200, self.run(asked, body, self.headers))
        except Exception as error:  # noqa: BLE001 - the engine's errors have one kind
            self._answer(500, str(error).encode())

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", "0")))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.send_header("x-clickhouse-summary", "{}")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _plain(body: bytes, encoding: str) -> bytes:
    if encoding == "lz4":
        return bytes(importlib.import_module("lz4.frame").decompress(body))
    return zstandard.decompress(body) if encoding == "zstd" else body


def _run(engine: Any, folder: Path, asked: dict[str, str], body: bytes, headers: Any) -> bytes:
    for name, value in asked.items():
        if not _NO_SETTINGS.fullmatch(name):
            engine.query(f"SET {name} = '{value}'")
    query = asked.get("query", "").encode()
    insert = _INSERT.match(query) or _INSERT.match(body)
    if insert:
        data = body if query else body[insert.end() :]
        file = folder / "insert"
        file.write_bytes(data)
        engine.query(f"{insert[1].decode()} FROM INFILE '{file}' FORMAT {insert[2].decode()}")
        return b""
    values = {name.removeprefix("param_"): value for name, value in asked.items() if name.startswith("param_")}
    default = headers.get("x-clickhouse-format", "TabSeparated")
    found: bytes = engine.query((query or body).decode(), default, params=values or None).bytes()
    return found


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "server.key", folder / "server.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)  # noqa: S603
    return key, certificate
