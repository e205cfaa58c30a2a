"""Turns an ONNX or QONNX file into a `Network`: channels last, without the batch axis."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from accelgen.errors import ModelError, UnsupportedError
from accelgen.importers.builder import MAX_ELEMENTS, Builder
from accelgen.importers.onnx import (  # noqa: F401 (importing them registers their converters)
    activations,
    elementwise,
    folding,
    linear,
    pooling,
    quantizers,
    recurrent,
    shapes,
)
from accelgen.importers.onnx.op import CONVERTERS, FOLDERS, Op, without_batch
from accelgen.importers.onnx.reader import Graph, GraphInput, RawNode, read_model
from accelgen.importers.onnx.values import Constant, Tensor, Value
from accelgen.ir import FixedType, Input, Network

QUANTIZER_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
_QUANTIZERS = ("Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold")

_MALFORMED = (ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError, MemoryError)
"""What NumPy and Python raise for shapes, axes and sizes that make no sense: the file is at fault."""


_INSTEAD = {
    "ArgMax": "end the model with the numbers that it picks the largest of",
    "TopK": "end the model with the numbers that it picks the largest of",
    "LogSoftmax": "end the model with Softmax, or with what goes into it: the order is the same",
}
"""What to do about operators that often end a model."""


def load_onnx(path: str | PathLike[str]) -> Network:
    """Read an ONNX (operator set 9 or later) or QONNX model.

    An input keeps the file's shape without the batch axis, which may be symbolic or any number.

    Raises:
        ModelError: the file is missing, damaged or malformed.
        UnsupportedError: it holds an operator or option that is not converted, by name.
    """
    path = Path(path)
    graph = read_model(path)
    builder = Builder(str(path))
    values: dict[str, Value] = {name: _constant(array) for name, array in graph.constants.items()}
    batch = 1
    for entry in graph.inputs:
        values[entry.name], batch = _input(entry, builder)
    for node in graph.nodes:
        results = _convert(node, graph, builder, values, batch)
        values.update(zip(node.outputs, results, strict=False))
    return builder.build(tuple(_output(name, values, graph, builder) for name in graph.outputs), path.stem)


def _constant(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Constant:
    return Constant(array.astype(np.float64) if array.dtype.kind == "f" else array)


_INPUT_TYPES = {
    "uint8": FixedType(8, 8, signed=False),
    "int8": FixedType(8, 8),
    "uint16": FixedType(16, 16, signed=False),
    "int16": FixedType(16, 16),
    "bool": FixedType(1, 1, signed=False),
}


def _input(entry: GraphInput, builder: Builder) -> tuple[Tensor, int]:
    """A graph input as a node, and the batch size that it was saved with."""
    shape, batch = entry.shape, 1
    if len(shape) > 1:
        batch = shape[0] or 1
        shape = (1, *shape[1:])
        if batch > 1:
            builder.note(f"input {entry.name!r}: its first axis, of size {batch}, is taken as the batch")
    fixed = tuple(size for size in shape if size is not None)
    where = f"{builder.source}: input {entry.name!r}"
    if len(fixed) != len(shape):
        axis = shape.index(None)
        raise UnsupportedError(f"{where} has no fixed size along axis {axis}; export it with one")
    axes = without_batch(fixed)
    sizes = tuple(fixed[axis] for axis in axes)
    if not sizes or np.prod(sizes, dtype=object) > MAX_ELEMENTS:
        raise ModelError(f"{where} has the shape {entry.shape}")
    name = builder.add(Input(builder.unique(entry.name), (), sizes, _INPUT_TYPES.get(entry.dtype)))
    return Tensor(name, fixed, axes), batch


def _convert(
    node: RawNode, graph: Graph, builder: Builder, values: dict[str, Value], batch: int
) -> tuple[Value, ...]:
    inputs = tuple(map(values.get, node.inputs))
    op = Op(node, inputs, graph.opset, builder, batch)
    for name, value in zip(node.inputs, inputs, strict=True):
        if name and value is None:
            raise op.unsupported(f"it uses {name!r}, an output that is not converted")
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused where it is used
            return _results(op)
    except _MALFORMED as error:
        raise op.error(f"malformed ({error or type(error).__name__})") from error


def _results(op: Op) -> tuple[Value, ...]:
    kind = op.raw.op_type
    known = op.raw.domain == "" or (op.raw.domain in QUANTIZER_DOMAINS and kind in _QUANTIZERS)
    if known and kind == "Shape":
        return (_shape_of(op),)
    if known and kind in FOLDERS and all(isinstance(value, Constant) for value in op.inputs if value):
        return (_constant(FOLDERS[kind](op)),)
    if not known or kind not in CONVERTERS:
        where = f" of the domain {op.raw.domain!r}" if op.raw.domain else ""
        instead = _INSTEAD.get(kind, f"supported: {', '.join(supported())}")
        raise op.unsupported(f"operator {kind!r}{where} is not supported; {instead}")
    result = CONVERTERS[kind](op)
    return result if isinstance(result, tuple) else (result,)


def supported() -> list[str]:
    """The names of the operators that can be converted."""
    return sorted({*CONVERTERS, "Constant", "Shape"})


def _shape_of(op: Op) -> Constant:
    x = op.value(0)
    shape = x.shape if isinstance(x, Tensor) else x.codes.shape
    part = slice(op.integer("start", 0), op.integer("end", len(shape)))
    return Constant(np.array(shape[part], np.int64))


def _output(name: str, values: dict[str, Value], graph: Graph, builder: Builder) -> str:
    """The node that gives a graph output in ONNX's order, without the batch."""
    value = values.get(name)
    if value is None:
        raise ModelError(f"{builder.source}: nothing gives the output {name!r}")
    if isinstance(value, Constant):
        raise UnsupportedError(f"{builder.source}: the output {name!r} does not depend on any input")
    node = RawNode("output", "", name, (), (), {})
    return Op(node, (), graph.opset, builder, 1).in_order(value).node
