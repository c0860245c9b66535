"""The obvious receiver, to compare with: gRPC and HTTP servers that loop over protobuf objects, as bench_serve starts it."""

from __future__ import annotations

import asyncio
import gzip
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import uvicorn

from bench_sources import protobuf_loop

METHODS = ("opentelemetry.proto.collector.trace.v1.TraceService", "Export")


async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Take a body of OTLP protobuf, plain or gzip."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    is_gzip = (b"content-encoding", b"gzip") in scope["headers"]
    protobuf_loop([gzip.decompress(body) if is_gzip else body])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main(grpc_port: int, http_port: int) -> None:
    """Serve both until killed."""

    def export(request: bytes, _context: Any) -> bytes:  # noqa: ANN401 - grpc has no types
        protobuf_loop([request])
        return b""

    server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.max_receive_message_length", 32 << 20)])
    handler = {METHODS[1]: grpc.unary_unary_rpc_method_handler(export)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(METHODS[0], handler)])
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    server.start()
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=http_port,
        http="httptools",
        log_level="error",
        access_log=False,
        lifespan="off",
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
