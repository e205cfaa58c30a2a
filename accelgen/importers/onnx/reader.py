"""Reads an ONNX file into plain Python: nodes in topological order, constants as NumPy arrays.

Nothing but the file, and files beside it that hold its tensors, is read and nothing in it runs; every claim
about a size is checked against the bytes that are there before memory is taken for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.builder import MAX_ELEMENTS
from accelgen.importers.onnx.external import read_external

RawArray = npt.NDArray[Any]
Attribute = float | int | bytes | RawArray | tuple[float, ...] | tuple[int, ...] | tuple[bytes, ...]

OLDEST_OPSET = 9

_DTYPES: dict[int, tuple[str, str]] = {
    TensorProto.FLOAT: ("<f4", "float_data"),
    TensorProto.DOUBLE: ("<f8", "double_data"),
    TensorProto.FLOAT16: ("<f2", "int32_data"),
    TensorProto.INT8: ("i1", "int32_data"),
    TensorProto.INT16: ("<i2", "int32_data"),
    TensorProto.INT32: ("<i4", "int32_data"),
    TensorProto.INT64: ("<i8", "int64_data"),
    TensorProto.UINT8: ("u1", "int32_data"),
    TensorProto.UINT16: ("<u2", "int32_data"),
    TensorProto.UINT32: ("<u4", "uint64_data"),
    TensorProto.UINT64: ("<u8", "uint64_data"),
    TensorProto.BOOL: ("?", "int32_data"),
}
"""NumPy's type and the field that holds the numbers where ``raw_data`` does not (onnx.proto, TensorProto)."""


@dataclass(frozen=True, eq=False)
class RawNode:
    """A node as the file holds it."""

    op_type: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class GraphInput:
    """A graph input: its shape (None where an axis has no fixed size) and NumPy's kind of its elements."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, eq=False)
class Graph:
    """A model's main graph; ``opset`` is that of the ONNX operators themselves."""

    name: str
    opset: int
    inputs: tuple[GraphInput, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, RawArray]
    nodes: tuple[RawNode, ...]


def read_model(path: Path) -> Graph:
    """The graph that ``path`` holds.

    Raises:
        ModelError: the file cannot be read, is no ONNX model or is malformed.
        UnsupportedError: it needs an older operator set or another element type.
    """
    try:
        model = ModelProto.FromString(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: it cannot be read ({error.strerror})") from None
    except DecodeError:
        raise ModelError(f"{path} is no ONNX model, or is damaged or cut off") from None
    try:
        return _Reader(str(path), path.parent).graph(model)
    except UnicodeDecodeError:
        raise ModelError(f"{path}: a name in it is not valid text") from None


@dataclass(frozen=True)
class _Reader:
    source: str
    folder: Path

    def graph(self, model: ModelProto) -> Graph:
        if not model.HasField("graph") or not model.graph.output:
            raise ModelError(f"{self.source} holds no ONNX graph, or one without outputs")
        opset = self._opset(model)
        graph = model.graph
        constants = {tensor.name: self.array(tensor, tensor.name) for tensor in graph.initializer}
        if graph.sparse_initializer:
            raise UnsupportedError(f"{self.source}: sparse initializers are not supported; save dense ones")
        return Graph(
            graph.name,
            opset,
            tuple(self._input(value) for value in graph.input if value.name not in constants),
            tuple(value.name for value in graph.output),
            constants,
            self._sorted(graph, constants),
        )

    def _opset(self, model: ModelProto) -> int:
        versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
        if not versions:
            raise ModelError(f"{self.source} does not say which ONNX operator set it uses")
        if max(versions) < OLDEST_OPSET:
            raise UnsupportedError(
                f"{self.source} uses ONNX operator set {max(versions)}; "
                f"{OLDEST_OPSET} and later are supported (onnx.version_converter converts a model)"
            )
        return int(max(versions))

    def _input(self, value: ValueInfoProto) -> GraphInput:
        kind = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not kind.HasField("shape"):
            raise UnsupportedError(f"{self.source}: input {value.name!r} is no tensor of a known shape")
        if kind.elem_type not in _DTYPES:
            raise UnsupportedError(f"{self.source}: input {value.name!r} holds {_type_name(kind.elem_type)}")
        sizes = tuple(
            axis.dim_value if axis.HasField("dim_value") and axis.dim_value > 0 else None
            for axis in kind.shape.dim
        )
        return GraphInput(value.name, sizes, np.dtype(_DTYPES[kind.elem_type][0]).name)

    def _sorted(self, graph: GraphProto, constants: Iterable[str]) -> tuple[RawNode, ...]:
        """The nodes in an order in which each one's inputs come before it."""
        nodes = [self._node(node, index) for index, node in enumerate(graph.node)]
        producer: dict[str, int] = {}
        for index, node in enumerate(nodes):
            for output in node.outputs:
                if output and producer.setdefault(output, index) != index:
                    raise ModelError(f"{self.source}: two nodes give a tensor named {output!r}")
        known = {*constants, *(value.name for value in graph.input), ""}
        waiting = [{producer[name] for name in node.inputs if name in producer} for node in nodes]
        users: list[list[int]] = [[] for _ in nodes]
        for index, (node, sources) in enumerate(zip(nodes, waiting, strict=True)):
            for name in node.inputs:
                if name not in producer and name not in known:
                    raise ModelError(
                        f"{self.source}: node {node.name!r} ({node.op_type}) uses {name!r}, "
                        "which nothing in the model gives"
                    )
            for source in sources:
                users[source].append(index)
        ready = [index for index, sources in enumerate(waiting) if not sources]
        order: list[RawNode] = []
        while ready:
            index = ready.pop(0)
            order.append(nodes[index])
            for user in users[index]:
                waiting[user].discard(index)
                if not waiting[user]:
                    ready.append(user)
        if len(order) < len(nodes):
            stuck = next(node for node, sources in zip(nodes, waiting, strict=True) if sources)
            raise ModelError(f"{self.source}: node {stuck.name!r} ({stuck.op_type}) stands in a cycle")
        return tuple(order)

    def _node(self, node: NodeProto, index: int) -> RawNode:
        name = node.name or next(iter(node.output), "") or f"{node.op_type}_{index}"
        attributes = {
            attribute.name: self._attribute(attribute, name, node.op_type) for attribute in node.attribute
        }
        return RawNode(
            node.op_type,
            "" if node.domain == "ai.onnx" else node.domain,
            name,
            tuple(node.input),
            tuple(node.output),
            attributes,
        )

    def _attribute(self, attribute: AttributeProto, name: str, op_type: str) -> Attribute:
        match attribute.type:
            case AttributeProto.FLOAT:
                return float(attribute.f)
            case AttributeProto.INT:
                return int(attribute.i)
            case AttributeProto.STRING:
                return bytes(attribute.s)
            case AttributeProto.TENSOR:
                return self.array(attribute.t, f"{name}.{attribute.name}")
            case AttributeProto.FLOATS:
                return tuple(map(float, attribute.floats))
            case AttributeProto.INTS:
                return tuple(map(int, attribute.ints))
            case AttributeProto.STRINGS:
                return tuple(map(bytes, attribute.strings))
            case _:
                raise UnsupportedError(
                    f"{self.source}: node {name!r} ({op_type}): attribute {attribute.name!r} is no number, "
                    "text or tensor (control flow and sub-graphs are not supported)"
                )

    def array(self, tensor: TensorProto, name: str) -> RawArray:
        """A tensor's numbers.

        Raises:
            ModelError: shape and data do not agree, a float is not finite, or a file of the data is missing.
            UnsupportedError: the data are of another type.
        """
        where = f"{self.source}: constant {name!r}"
        if tensor.data_type not in _DTYPES:
            raise UnsupportedError(f"{where} holds {_type_name(tensor.data_type)}; numbers are supported")
        shape = tuple(tensor.dims)
        if any(size < 0 for size in shape) or prod(shape) > MAX_ELEMENTS:
            raise ModelError(f"{where} claims the shape {shape}")
        dtype, field = _DTYPES[tensor.data_type]
        flat: RawArray | None
        if tensor.data_location == TensorProto.EXTERNAL:
            n_bytes = prod(shape) * np.dtype(dtype).itemsize
            flat = np.frombuffer(read_external(tensor, n_bytes, self.folder, where), dtype)
        else:
            flat = self._flat(tensor, np.dtype(dtype), field)
        if flat is None or flat.size != prod(shape):
            raise ModelError(f"{where} claims the shape {shape}, which its data do not fill")
        if flat.dtype.kind == "f" and np.isnan(flat).any():
            raise ModelError(f"{where} holds values that are not numbers (NaN)")
        return flat.reshape(shape)

    def _flat(self, tensor: TensorProto, dtype: np.dtype[Any], field: str) -> RawArray | None:
        if tensor.HasField("raw_data"):
            if len(tensor.raw_data) % dtype.itemsize:
                return None
            return np.frombuffer(tensor.raw_data, dtype)
        numbers = np.array(getattr(tensor, field))
        if dtype.kind == "f" and dtype.itemsize == 2:  # half floats are stored as their bits
            return numbers.astype(np.uint16).view(np.float16)
        return numbers.astype(dtype)


def _type_name(code: int) -> str:
    """ONNX's name of an element type."""
    return TensorProto.DataType.Name(code) if code in TensorProto.DataType.values() else f"type {code}"
