"""Writes the network's step as an ONNX graph, for servers that know nothing of tracetune."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tracetune.domain.forecasts import MIDDLE
from tracetune.errors import Unavailable
from tracetune.forecasting.cell import LEAST_STEP, Weights

OPSET = 17
INPUTS, OUTPUTS = ("features", "hidden", "memory"), ("quantiles", "hidden_after", "memory_after")
"""One minute of all rows at once; what is remembered goes in and comes out, so that any stateless server can host it."""


def write_onnx(path: Path, weights: Weights) -> None:
    """Write ``cell.step`` as ONNX: (row, feature), (row, hidden), (row, hidden) to (row, quantile) and the state after.

    Source: ONNX operators, opset 17; the equations are those of ``cell.step``.

    Raises:
        Unavailable: onnx is not installed.
    """
    try:
        import onnx  # noqa: PLC0415 - an extra
        from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise Unavailable(
            "writing ONNX needs onnx, which is not installed", hint="pip install 'tracetune[onnx]'"
        ) from error
    nodes, constants = _graph(weights)
    widths = {
        "features": weights.kernel.shape[0],
        "hidden": len(weights.recurrent),
        "memory": len(weights.recurrent),
        "quantiles": len(weights.head_bias),
        "hidden_after": len(weights.recurrent),
        "memory_after": len(weights.recurrent),
    }

    def described(name: str) -> Any:  # noqa: ANN401 - a message of onnx
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["row", widths[name]])

    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output], **attributes) for kind, inputs, output, attributes in nodes],
        "tracetune",
        [described(name) for name in INPUTS],
        [described(name) for name in OUTPUTS],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


Node = tuple[str, list[str], str, dict[str, Any]]


def _graph(weights: Weights) -> tuple[list[Node], dict[str, Any]]:
    """The operators in order, as (kind, inputs, output, attributes), and the constants by name."""
    quantiles = len(weights.head_bias)
    constants: dict[str, Any] = {
        "kernel": weights.kernel,
        "recurrent": weights.recurrent,
        "bias": weights.bias,
        "mix_kernel": weights.mix_kernel,
        "mix_bias": weights.mix_bias,
        "head_kernel": weights.head_kernel,
        "head_bias": weights.head_bias,
        "least_step": np.array(LEAST_STEP, np.float32),
        "last_axis": np.array(1, np.int64),
        "below": np.arange(MIDDLE - 1, -1, -1, dtype=np.int64),  # outwards from the median
        "middle": np.array([MIDDLE], np.int64),
        "above": np.arange(MIDDLE + 1, quantiles, dtype=np.int64),
        "outside_in": np.arange(MIDDLE - 1, -1, -1, dtype=np.int64),
    }
    nodes: list[Node] = [
        ("Gemm", ["features", "kernel", "bias"], "from_features", {}),
        ("MatMul", ["hidden", "recurrent"], "from_hidden", {}),
        ("Add", ["from_features", "from_hidden"], "gates", {}),
    ]
    gates = ["admit_raw", "forget_raw", "candidate_raw", "release_raw"]
    nodes += _split("gates", gates, len(weights.recurrent), constants)
    nodes += [
        ("Sigmoid", ["admit_raw"], "admit", {}),
        ("Sigmoid", ["forget_raw"], "forget", {}),
        ("Tanh", ["candidate_raw"], "candidate", {}),
        ("Sigmoid", ["release_raw"], "release", {}),
        ("Mul", ["forget", "memory"], "kept", {}),
        ("Mul", ["admit", "candidate"], "added", {}),
        ("Add", ["kept", "added"], "memory_after", {}),
        ("Tanh", ["memory_after"], "shown", {}),
        ("Mul", ["release", "shown"], "hidden_after", {}),
        ("Concat", ["hidden_after", "features"], "seen", {"axis": 1}),
        ("Gemm", ["seen", "mix_kernel", "mix_bias"], "mixed_raw", {}),
        ("Relu", ["mixed_raw"], "mixed", {}),
        ("Gemm", ["mixed", "head_kernel", "head_bias"], "raw", {}),
        ("Gather", ["raw", "middle"], "median", {"axis": 1}),
    ]
    for side in ("below", "above"):
        nodes += [
            ("Gather", ["raw", side], f"{side}_raw", {"axis": 1}),
            ("Softplus", [f"{side}_raw"], f"{side}_positive", {}),
            ("Add", [f"{side}_positive", "least_step"], f"{side}_steps", {}),
            ("CumSum", [f"{side}_steps", "last_axis"], f"{side}_way", {}),
        ]
    nodes += [
        ("Sub", ["median", "below_way"], "lower_outwards", {}),
        ("Gather", ["lower_outwards", "outside_in"], "lower", {"axis": 1}),
        ("Add", ["median", "above_way"], "upper", {}),
        ("Concat", ["lower", "median", "upper"], "quantiles", {"axis": 1}),
    ]
    return nodes, constants


def _split(name: str, parts: list[str], width: int, constants: dict[str, Any]) -> list[Node]:
    """Columns of ``width`` side by side, each by its place."""
    nodes: list[Node] = []
    for at, part in enumerate(parts):
        constants[f"{part}_columns"] = np.arange(at * width, (at + 1) * width, dtype=np.int64)
        nodes.append(("Gather", [name, f"{part}_columns"], part, {"axis": 1}))
    return nodes
