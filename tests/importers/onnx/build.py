"""Small ONNX models for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CUSTOM = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")


def save_model(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[Any, ...]],
    constants: dict[str, np.ndarray] | None = None,
    outputs: tuple[str, ...] = ("y",),
    opset: int = 13,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write a model of ``nodes``; an output's shape is left open."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    domains = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in CUSTOM)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def node(
    op_type: str, inputs: str, outputs: str = "y", domain: str = "", **attributes: Any
) -> onnx.NodeProto:
    """A node whose inputs and outputs are words; "-" is an absent input."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(
        op_type, names, outputs.split(), name=f"{op_type} of {outputs}", domain=domain, **attributes
    )
