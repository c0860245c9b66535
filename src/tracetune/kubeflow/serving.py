"""Serves learned models behind the Open Inference Protocol, REST and gRPC, as KServe runs them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import Request
from fastapi.responses import JSONResponse
from kserve import InferInput, InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.errors import InvalidInput as ProtocolError
from kserve.model_server import app
from kserve.utils.utils import generate_uuid
from numpy.typing import NDArray

from tracetune.domain.forecasts import QUANTILES
from tracetune.errors import InvalidInput
from tracetune.forecasting import bundle
from tracetune.kubeflow.inference import CALLS, KEYS, START, infer

NAME = "tracetune"
"""The model's name in the protocol: ``/v2/models/tracetune/infer``."""


_UNREADABLE = (ValueError, OverflowError, TypeError, LookupError, struct.error)
"""What decoding tensors raises where bytes, numbers and shapes do not fit."""


class ServedModel(Model):  # type: ignore[misc]  # kserve has no types
    """The models of one file.

    Source: Open Inference Protocol v2; https://kserve.github.io/website, "Custom model".
    """

    def __init__(self, path: Path, name: str = NAME) -> None:
        super().__init__(name)
        self._path = path
        # One request at a time, and the loop stays free to say that the server is alive.
        self._thread = ThreadPoolExecutor(1, "infer")
        self.ready = False

    def load(self) -> bool:
        """Read the file; the server is ready only after that.

        Raises:
            InvalidInput: it holds no models.
        """
        self._normal, self.about = bundle.load(self._path)
        self.ready = True
        return self.ready

    async def predict(
        self,
        payload: InferRequest,
        headers: dict[str, str] | None = None,  # noqa: ARG002 - the protocol's signature
        response_headers: dict[str, str] | None = None,  # noqa: ARG002
    ) -> InferResponse:
        """Quantiles and scores; what cannot be meant is the protocol's error 400."""
        try:
            tensors = _tensors(payload.inputs)
            answer = await asyncio.get_running_loop().run_in_executor(self._thread, infer, self._normal, tensors)
        except InvalidInput as error:
            raise ProtocolError(f"{error.message}; {error.hint}" if error.hint else error.message) from error
        except _UNREADABLE as error:  # the server takes these for the request's, and this one is ours
            raise RuntimeError(f"the models failed: {error!r}") from error
        outputs = []
        for name, values in answer.items():
            output = InferOutput(name=name, shape=list(values.shape), datatype="FP32")
            output.set_data_from_numpy(values, binary_data=True)  # a client that asked for JSON still gets JSON
            outputs.append(output)
        return InferResponse(response_id=payload.id or generate_uuid(), model_name=self.name, infer_outputs=outputs)

    def get_input_types(self) -> list[dict[str, Any]]:
        """What ``GET /v2/models/tracetune`` says of the inputs."""
        cells = [-1, -1]
        given = [CALLS, *(str(metric) for metric in self._normal.models if str(metric) != CALLS)]
        described = [{"name": name, "datatype": "FP32", "shape": cells} for name in given]
        keys = {"name": KEYS, "datatype": "BYTES", "shape": [-1, 2]}
        return [keys, {"name": START, "datatype": "INT64", "shape": [1]}, *described]

    def get_output_types(self) -> list[dict[str, Any]]:
        """And of the outputs."""
        return [
            described
            for metric in self._normal.models
            for described in (
                {"name": f"{metric}.quantiles", "datatype": "FP32", "shape": [-1, -1, len(QUANTILES)]},
                {"name": f"{metric}.score", "datatype": "FP32", "shape": [-1, -1]},
            )
        ]


def _tensors(inputs: Sequence[InferInput]) -> dict[str, NDArray[Any]]:
    """The inputs by name.

    Raises:
        InvalidInput: one is given twice, or its data are not of its type and shape.
    """
    found: dict[str, NDArray[Any]] = {}
    for each in inputs:
        if each.name in found:
            raise InvalidInput(f"the input {each.name} is given twice", hint="give each input once")
        try:
            found[each.name] = each.as_numpy()
        except _UNREADABLE as error:
            said = f"{each.name} cannot be read as {each.datatype} {list(each.shape)}: {error}"
            raise InvalidInput(said, hint="its data, datatype and shape have to agree") from error
    return found


def _answer_unreadable() -> None:
    """Have KServe answer 400, and not 500, where it fails to decode a request by itself, as with truncated binary data."""

    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": f"the request cannot be read: {error!r}"}, status_code=400)

    for kind in _UNREADABLE:
        app.add_exception_handler(kind, refuse)


def serve(path: Path, *, http_port: int, grpc_port: int, name: str = NAME) -> None:
    """Serve the models of a file until the process is told to end.

    Raises:
        InvalidInput: the file holds no models.
    """
    model = ServedModel(path, name)
    model.load()
    np.seterr(all="ignore")  # NaN is an answer here
    _answer_unreadable()
    ModelServer(http_port=http_port, grpc_port=grpc_port, workers=1, enable_docs_url=False).start([model])
