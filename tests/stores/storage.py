"""A real S3 server, SeaweedFS, on free ports of this machine, and a way to it that can break."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEY, SECRET = "key", "secret"
STARTING_SECONDS = 90
WEED = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
_IDENTITY = {"credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin", "Read", "Write", "List"]}


@contextmanager
def seaweedfs(folder: Path) -> Iterator[int]:
    """The port of a server that keeps its objects in the folder."""
    with seaweedfs_process(folder, free_ports()) as (port, _):
        yield port


@contextmanager
def seaweedfs_process(folder: Path, ports: list[int]) -> Iterator[tuple[int, int]]:
    """The port and the process id of a server on ``ports``, of ``free_ports``; on the same ones it finds its objects again."""
    assert WEED
    (folder / "s3.json").write_text(json.dumps({"identities": [{"name": "test", **_IDENTITY}]}))
    master, volume, filer, s3, tables, vectors = ports
    command = [
        *(WEED, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}"),
        *(f"-volume.port={volume}", "-filer", f"-filer.port={filer}", "-s3", f"-s3.port={s3}"),
        *(f"-s3.config={folder / 's3.json'}", "-volume.max=5", "-master.volumeSizeLimitMB=64"),
        *(f"-s3.port.iceberg={tables}", f"-s3.port.lance={vectors}"),
    ]
    with (
        (folder / "weed.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as server,  # noqa: S603
    ):
        try:
            _until_it_listens(server, s3)
            yield s3, server.pid
        finally:
            server.kill()  # told to end, it would wait half a minute for its clients; nothing of it is kept
            server.wait(timeout=30)


def environment(port: int) -> dict[str, str]:
    """What AWS tools read to reach it."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "NO_PROXY": "127.0.0.1",
    }


def make_bucket(port: int, name: str) -> None:
    """A new bucket."""
    import boto3

    with _environment(environment(port)):
        boto3.client("s3").create_bucket(Bucket=name)


class Relay:
    """Passes requests on, one a connection, and may lose one or its answer: what ``breaks`` says of a request's first line.

    ``breaks`` gives "" for a request that passes, "before" for one that never arrives, "after" for a lost answer.
    """

    def __init__(self, port: int) -> None:
        self.breaks: Callable[[str], str] = lambda _line: ""
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._listening.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, connection: socket.socket) -> None:
        with connection, socket.create_connection(("127.0.0.1", self._target)) as server, suppress(OSError):
            request = _message(connection)
            how = self.breaks(request.split(b"\r\n", 1)[0].decode())
            if how == "before":
                return
            server.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            while piece := server.recv(65536):
                if how != "after":
                    connection.sendall(piece)


def _message(connection: socket.socket) -> bytes:
    """One whole request; the client waits with a body of a size until it is told to go on."""
    held = b""
    while b"\r\n\r\n" not in held:
        held += _more(connection)
    head, _, body = held.partition(b"\r\n\r\n")
    fields = {line.split(b":", 1)[0].lower(): line.split(b":", 1)[1].strip() for line in head.split(b"\r\n")[1:]}
    if fields.get(b"expect"):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect"))
    if fields.get(b"transfer-encoding") == b"chunked":
        while not body.endswith(b"\r\n\r\n") or b"0\r\n" not in body:
            body += _more(connection)
    while len(body) < int(fields.get(b"content-length", b"0")):
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise OSError("the client went away")
    return piece


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def free_ports() -> list[int]:
    """As many as a server takes, whose neighbours 10,000 above are free too: SeaweedFS speaks gRPC there."""
    found: list[int] = []
    draw = random.Random()  # noqa: S311 - any will do
    while len(found) < 6:
        port = draw.randrange(12_000, 31_000)
        both = (("127.0.0.1", port), ("127.0.0.1", port + 10_000))
        with suppress(OSError), socket.create_server(both[0]), socket.create_server(both[1]):
            found += [port] if port not in found else []
    return found


def _until_it_listens(server: subprocess.Popen[bytes], port: int) -> None:
    def listens() -> bool:
        if server.poll() is not None:
            raise AssertionError("SeaweedFS ended at once")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    _until(listens)


def until_it_serves(port: int, bucket: str, key: str) -> None:
    """Wait for a server that was started on the objects of before: it listens before its volumes are there."""
    import boto3
    from botocore.exceptions import ClientError

    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")

    def serves() -> bool:
        with suppress(ClientError):
            client.get_object(Bucket=bucket, Key=key)["Body"].read()
            return True
        return False

    _until(serves)


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("SeaweedFS did not start")
