"""Nodes whose inputs are all constants: weights that are prepared in the graph, and shape arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from accelgen.importers.builder import MAX_ELEMENTS
from accelgen.importers.onnx.op import Op, folds
from accelgen.importers.onnx.reader import RawArray

_BINARY: dict[str, Callable[[RawArray, RawArray], RawArray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Pow": np.power,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Max": np.maximum,
    "Min": np.minimum,
}


def _array(op: Op, index: int) -> RawArray:
    return op.constant(index).values


@folds(*_BINARY)
def _binary(op: Op) -> RawArray:
    if len(op.inputs) != 2:
        raise op.unsupported("constants that are not two; two are supported")
    first, second = _array(op, 0), _array(op, 1)
    _limit(op, np.broadcast_shapes(first.shape, second.shape))
    return np.asarray(_BINARY[op.raw.op_type](first, second))


@folds("Div")
def _divide(op: Op) -> RawArray:
    first, second = _array(op, 0), _array(op, 1)
    if np.any(second == 0):
        raise op.error("a constant divides by 0")
    _limit(op, np.broadcast_shapes(first.shape, second.shape))
    if first.dtype.kind in "iu" and second.dtype.kind in "iu":
        return np.asarray(np.trunc(first / second).astype(np.int64))
    return np.asarray(first / second)


@folds("MatMul")
def _matmul(op: Op) -> RawArray:
    return np.asarray(op.constant(0).reals @ op.constant(1).reals)


@folds("Gemm")
def _gemm(op: Op) -> RawArray:
    first, second = (
        op.constant(index).reals.T if op.integer(key, 0) else op.constant(index).reals
        for index, key in enumerate(("transA", "transB"))
    )
    product = op.number("alpha", 1.0) * (first @ second)
    return product if op.given(2) is None else product + op.number("beta", 1.0) * op.constant(2).reals


_UNARY: dict[str, Callable[[RawArray], RawArray]] = {
    "Sqrt": np.sqrt,
    "Neg": np.negative,
    "Abs": np.abs,
    "Exp": np.exp,
    "Log": np.log,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.rint,
    "Reciprocal": np.reciprocal,
    "Sign": np.sign,
    "Not": np.logical_not,
    "Tanh": np.tanh,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Relu": lambda x: np.maximum(x, 0),
}


@folds(*_UNARY)
def _unary(op: Op) -> RawArray:
    return np.asarray(_UNARY[op.raw.op_type](_array(op, 0)))


@folds("Constant")
def _constant(op: Op) -> RawArray:
    for name, value in op.attributes.items():
        if name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
            array = np.asarray(value)
            return array.astype(np.float64) if array.dtype.kind == "f" else array
    raise op.unsupported("a constant that is neither a tensor nor numbers")


@folds("ConstantOfShape")
def _constant_of_shape(op: Op) -> RawArray:
    shape = op.constant_integers(0) or ()
    fill = np.asarray(op.attributes.get("value", np.zeros(1))).reshape(-1)
    if fill.size != 1:
        raise op.error("its value is no single number")
    return np.full(_limit(op, shape), fill[0])


@folds("Range")
def _range(op: Op) -> RawArray:
    start, stop, step = (_array(op, index).item() for index in range(3))
    if step == 0 or abs((stop - start) / step) > MAX_ELEMENTS:
        raise op.error("its range is empty or endless")
    return np.arange(start, stop, step)


@folds("Expand")
def _expand(op: Op) -> RawArray:
    array, wanted = _array(op, 0), op.constant_integers(1) or ()
    return np.broadcast_to(array, _limit(op, np.broadcast_shapes(array.shape, wanted)))


@folds("Tile")
def _tile(op: Op) -> RawArray:
    array, repeats = _array(op, 0), op.constant_integers(1) or ()
    if len(repeats) != array.ndim:
        raise op.error(f"{len(repeats)} repeats of {array.ndim} axes")
    _limit(op, tuple(size * count for size, count in zip(array.shape, repeats, strict=True)))
    return np.tile(array, repeats)


def _limit(op: Op, shape: tuple[int, ...]) -> tuple[int, ...]:
    if any(size < 0 for size in shape) or prod(shape) > MAX_ELEMENTS:
        raise op.error(f"a constant of shape {shape} is too large")
    return shape


@folds("Gather")
def _gather(op: Op) -> RawArray:
    data, indices = _array(op, 0), _array(op, 1)
    axis = op.axis(op.integer("axis", 0), data.ndim)
    _limit(op, (*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :]))
    return np.take(data, indices.astype(np.int64), axis)


@folds("Concat")
def _concat(op: Op) -> RawArray:
    return np.concatenate([_array(op, index) for index in range(len(op.inputs))], op.integer("axis", 0))


@folds("Slice")
def _slice(op: Op) -> RawArray:
    data = _array(op, 0)
    starts, ends = op.integers_from("starts", 1) or (), op.integers_from("ends", 2) or ()
    axes = op.integers_from("axes", 3) or tuple(range(len(starts)))
    steps = op.constant_integers(4) or (1,) * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index = [slice(None)] * data.ndim
        index[op.axis(axis, data.ndim)] = slice(start, end, step)
        data = data[tuple(index)]
    return data


@folds("Squeeze")
def _squeeze(op: Op) -> RawArray:
    data, axes = _array(op, 0), op.integers_from("axes", 1)
    return np.squeeze(data) if axes is None else np.squeeze(data, op.axes(axes, data.ndim))


@folds("Unsqueeze")
def _unsqueeze(op: Op) -> RawArray:
    data, axes = _array(op, 0), op.integers_from("axes", 1) or ()
    return np.expand_dims(data, op.axes(axes, data.ndim + len(axes)))


@folds("Flatten")
def _flatten(op: Op) -> RawArray:
    data = _array(op, 0)
    axis = op.integer("axis", 1)
    return data.reshape(prod(data.shape[:axis]), -1)


@folds("Where")
def _where(op: Op) -> RawArray:
    arrays = [_array(op, index) for index in range(3)]
    _limit(op, np.broadcast_shapes(*(array.shape for array in arrays)))
    return np.where(arrays[0].astype(np.bool_), arrays[1], arrays[2])


@folds("Cast")
def _cast(op: Op) -> RawArray:
    array = _array(op, 0)
    integers = (2, 3, 4, 5, 6, 7, 12, 13)  # TensorProto's integer types
    target = op.integer("to", 1)
    if target == 9:
        return array.astype(np.bool_)
    return np.trunc(array).astype(np.int64) if target in integers else array.astype(np.float64)


_REDUCTIONS: dict[str, Callable[..., RawArray]] = {
    "ReduceProd": np.prod,
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceMax": np.max,
}


@folds(*_REDUCTIONS)
def _reduce(op: Op) -> RawArray:
    array, axes = _array(op, 0), op.integers_from("axes", 1)
    where = None if axes is None else op.axes(axes, array.ndim)
    return np.asarray(
        _REDUCTIONS[op.raw.op_type](array, axis=where, keepdims=bool(op.integer("keepdims", 1)))
    )
