"""Receives OTLP over gRPC: raw bytes in and out, no message classes between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from tracetune.errors import Conflict, InvalidInput, Unavailable
from tracetune.sources import otlp_answer
from tracetune.sources.payloads import Format
from tracetune.sources.reception import RETRY_AFTER_SECONDS, Accept, Overloaded, Payload, Tally, bears

NAME = "otlp_grpc"

_SERVICE, _METHOD = "opentelemetry.proto.collector.trace.v1.TraceService", "Export"

_HANDLERS = 32
"""Requests that wait for the disk at a time; they share one sync. As many more may arrive before others are turned away."""


class GrpcReceiver:
    """Serves TraceService/Export from its making until ``stop``.

    Args:
        accept: takes each request.
        host, port: where to listen; port 0 takes a free one, see ``port``.
        tokens: one of which senders must show; none lets all in.
        max_request_bytes: the largest message, also after decompression.
        credentials: of TLS; None serves without.

    Raises:
        Conflict: the port is taken.
    """

    def __init__(
        self,
        accept: Accept,
        host: str,
        port: int,
        *,
        tokens: Sequence[str] = (),
        max_request_bytes: int = 32 << 20,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._accept, self._tokens = accept, tuple(tokens)
        self._server = grpc.server(
            ThreadPoolExecutor(_HANDLERS, thread_name_prefix="grpc"),
            options=[
                ("grpc.max_receive_message_length", max_request_bytes),
                ("grpc.so_reuseport", 0),
                ("grpc.http2.max_ping_strikes", 10),
            ],
            maximum_concurrent_rpcs=2 * _HANDLERS,
        )
        # Without a deserializer the handler gets the message as bytes.
        handler = grpc.unary_unary_rpc_method_handler(self._export)
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: handler})])
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            add: Callable[..., int] = self._server.add_secure_port if credentials else self._server.add_insecure_port
            self.port = add(address, *([credentials] if credentials else []))
        except RuntimeError as error:
            raise Conflict(
                f"cannot listen on {address} for OTLP/gRPC: {error}",
                hint="stop who has the port, or set serve.otlp_grpc_port",
            ) from error
        self.tally = Tally(NAME, f"{host}:{self.port}")
        self._server.start()

    def stop(self, grace_seconds: float = 1.0) -> None:
        """Stop listening, and let the requests that are under way end within the grace."""
        self._server.stop(grace_seconds).wait()

    def _export(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        if not bears(_authorization(context), self._tokens):
            self._refuse(context, grpc.StatusCode.UNAUTHENTICATED, "no token, or a wrong one", 0)
        try:
            receipt = self._accept(Payload(NAME, Format.OTLP_PROTOBUF, request)).result()
        except InvalidInput as error:
            self._refuse(context, grpc.StatusCode.INVALID_ARGUMENT, error.message, 0)
        except Overloaded as error:
            self._refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, error.message, RETRY_AFTER_SECONDS)
        except Unavailable as error:
            self._refuse(context, grpc.StatusCode.UNAVAILABLE, error.message, RETRY_AFTER_SECONDS)
        self.tally.took(len(request), receipt.spans)
        return otlp_answer.answer(receipt)

    def _refuse(self, context: grpc.ServicerContext, code: grpc.StatusCode, message: str, retry: int) -> Any:  # noqa: ANN401 - never returns
        self.tally.turned_away()
        details = otlp_answer.status(code.value[0], message, retry_after_seconds=retry)
        context.set_trailing_metadata((("grpc-status-details-bin", details),))
        context.abort(code, message)


def _authorization(context: grpc.ServicerContext) -> str:
    given = dict(context.invocation_metadata() or ()).get("authorization", "")
    return given if isinstance(given, str) else given.decode("latin-1")
