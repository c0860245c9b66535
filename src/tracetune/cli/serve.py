"""The command that runs the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tracetune.cli import options


def serve(
    *,
    directory: Annotated[
        str | None, typer.Option("--directory", help="Where acknowledged spans and the embedded store are kept.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on; others than this machine need a token.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port of the pages and the API.")] = None,
    otlp_grpc_port: Annotated[int | None, typer.Option("--otlp-grpc-port", help="0 takes a free one, -1 none.")] = None,
    otlp_http_port: Annotated[int | None, typer.Option("--otlp-http-port", help="0 takes a free one, -1 none.")] = None,
    zipkin_port: Annotated[int | None, typer.Option("--zipkin-port", help="0 takes a free one, -1 none.")] = None,
    grace: Annotated[
        float | None, typer.Option("--grace", metavar="SECONDS", help="How long a minute stays open after its end.")
    ] = None,
    store: options.Store = None,
    as_json: options.Json = False,
    config: options.Config = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Receive spans all day; learn, detect, explain and advise as each minute ends. Stops on SIGTERM or Ctrl-C.

    \b
    tracetune serve --directory /var/lib/tracetune
    """
    import json
    import sys

    from tracetune import log
    from tracetune import settings as tree
    from tracetune.api.build import build
    from tracetune.cli import output as out
    from tracetune.live.run import run
    from tracetune.live.server import Server
    from tracetune.proofs.static import objectives

    log.configure(verbosity=-1 if quiet else verbose)
    flags = {
        "serve.directory": directory,
        "serve.host": host,
        "serve.port": port,
        "serve.otlp_grpc_port": otlp_grpc_port,
        "serve.otlp_http_port": otlp_http_port,
        "serve.zipkin_port": zipkin_port,
        "serve.grace_seconds": grace,
        "store.url": store,
    }
    settings, _ = tree.load(file=config, flags=flags)

    def ready(ports: dict[str, int]) -> None:
        lines = [f"{name:<10} {settings.serve.host}:{number}" for name, number in ports.items()]
        said = json.dumps({"ready": True, "ports": ports}) if as_json else "\n".join(["tracetune takes spans:", *lines])
        out.pass_on(said + "\n", to=None)
        sys.stdout.flush()  # whoever started us waits for this line

    def surface(server: Server) -> Callable[..., Any]:
        folder, is_open = Path(settings.serve.directory), settings.serve.open == tree.ANYONE
        return build(
            settings, server.publisher, folder=folder, open_to_all=is_open, jobs=server.jobs, traces=server.traces
        )

    run(Server(settings, objectives=objectives(settings.tune.slo)), surface, ready)
