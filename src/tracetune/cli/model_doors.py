"""The commands that take trained models elsewhere: served behind a protocol, or exported for other runtimes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tracetune.cli import models, options
from tracetune.errors import InvalidInput, Unavailable

File = Annotated[
    Path | None,
    typer.Option("--file", help="A model's file, or the folder it lies in; in place of a version of the registry."),
]


class Format(StrEnum):
    """What other runtimes read."""

    ONNX = "onnx"
    SAVEDMODEL = "savedmodel"


def serve(
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="A version's number, an alias, or latest.")
    ] = "production",
    *,
    file: File = None,
    http_port: Annotated[int, typer.Option("--http-port", help="Port of the protocol's REST side.")] = 8080,
    grpc_port: Annotated[int, typer.Option("--grpc-port", help="Port of its gRPC side.")] = 8081,
    registry: models.Registry = None,
    config: options.Config = None,
) -> None:
    """Serve models behind the Open Inference Protocol, as KServe runs them; needs the extra 'kubeflow'.

    \b
    tracetune model serve production --registry models
    """
    import tempfile

    try:
        from tracetune.kubeflow.serving import serve as serve_models
    except ImportError as error:
        raise Unavailable(
            "serving models needs KServe, which is not installed", hint="pip install 'tracetune[kubeflow]'"
        ) from error
    if file is not None:
        serve_models(_model_in(file), http_port=http_port, grpc_port=grpc_port)
        return
    kept = models.registry_of(registry, config)
    with tempfile.TemporaryDirectory(prefix="tracetune-") as folder:
        path = Path(folder) / "model.npz"
        path.write_bytes(kept.content(kept.version(version)))
        serve_models(path, http_port=http_port, grpc_port=grpc_port)


def export(
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="A version's number, an alias, or latest.")
    ] = "production",
    *,
    to: Annotated[Path, typer.Option("--to", help="File (onnx) or folder (savedmodel) to write.")],
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.ONNX,
    file: File = None,
    registry: models.Registry = None,
    as_json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Write the network of a model as ONNX or SavedModel, with a description of its inputs beside it.

    \b
    tracetune model export production --to network.onnx --registry models
    """
    import json

    from tracetune import training
    from tracetune.cli import output as out
    from tracetune.forecasting import bundle
    from tracetune.forecasting.exported import network
    from tracetune.forecasting.onnx_export import write_onnx
    from tracetune.forecasting.savedmodel_export import write_savedmodel

    if file is not None:
        normal = bundle.load(_model_in(file))[0]
    else:
        kept = models.registry_of(registry, config)
        normal = training.unpacked(kept.content(kept.version(version)))
    weights, description = network(normal)
    if not to.parent.is_dir():
        raise InvalidInput(f"there is no folder {to.parent}", hint="name a file in a folder that exists")
    write = {Format.ONNX: write_onnx, Format.SAVEDMODEL: write_savedmodel}[form]
    write(to, weights)
    beside = to.with_name(f"{to.name}.json")
    out.write_whole(beside, json.dumps(description, indent=2) + "\n")
    document: dict[str, Any] = {"format": str(form), "path": str(to), "description": str(beside)}
    out.show(f"{to} holds the network, {beside} what to feed it.", document, as_json=as_json, to=None)


def _model_in(path: Path) -> Path:
    """The model's file itself, or the only one in a folder, as KServe's storage initializer leaves it."""
    if path.is_file():
        return path
    found = sorted(path.rglob("*.npz")) if path.is_dir() else []
    if len(found) != 1:
        what = f"{len(found)} models lie in {path}" if path.is_dir() else f"there is no {path}"
        raise InvalidInput(what, hint="name the file, versions/N/model.npz of a registry")
    return found[0]


ALL: tuple[Callable[..., None], ...] = (serve, export)
