"""Arithmetic of two or more tensors, or of a tensor and constants."""

from __future__ import annotations

import numpy as np

from accelgen.importers.onnx.activations import at_least, at_most, unary
from accelgen.importers.onnx.op import Op, converts
from accelgen.importers.onnx.values import Constant, Tensor, Value
from accelgen.ir import Merge, MergeKind


@converts("Add", "Sub", "Mul", "Div")
def _arithmetic(op: Op) -> Tensor:
    left, right = op.value(0), op.value(1)
    kind = op.raw.op_type
    if isinstance(left, Tensor) and isinstance(right, Constant):
        return _with_constant(op, kind, ranked(left, right), op.constant(1))
    if isinstance(left, Constant) and isinstance(right, Tensor):
        x, c = ranked(right, left), op.constant(0).reals
        if kind == "Sub":
            return op.affine(x, -1.0, c)
        if kind == "Div":
            return op.affine(unary(op, x, "reciprocal"), c, suffix="/scale")
        return _with_constant(op, kind, x, op.constant(0))
    tensors = [op.tensor(0), op.tensor(1)]
    if kind == "Div":
        tensors[1] = unary(op, tensors[1], "reciprocal")
    return merged(op, _MERGES[kind], tensors)


_MERGES = {
    "Add": MergeKind.ADD,
    "Sub": MergeKind.SUBTRACT,
    "Mul": MergeKind.MULTIPLY,
    "Div": MergeKind.MULTIPLY,
    "Sum": MergeKind.ADD,
    "Mean": MergeKind.AVERAGE,
    "Max": MergeKind.MAXIMUM,
    "Min": MergeKind.MINIMUM,
}


def ranked(x: Tensor, constant: Constant) -> Tensor:
    """``x`` with the axes of size 1 in front that a constant of more axes gives it."""
    return _of_rank(x, max(len(x.shape), constant.codes.ndim))


def _of_rank(x: Tensor, rank: int) -> Tensor:
    added = rank - len(x.shape)
    return Tensor(x.node, (1,) * added + x.shape, tuple(axis + added for axis in x.axes)) if added else x


def _with_constant(op: Op, kind: str, x: Tensor, constant: Constant) -> Tensor:
    c = constant.reals
    if kind in ("Add", "Sub"):
        return op.affine(x, 1.0, c if kind == "Add" else -c)
    if kind == "Mul":
        return op.affine(x, c)
    if np.any(c == 0):
        raise op.error("a constant divides by 0")
    return op.affine(x, 1 / c)


def merged(op: Op, kind: MergeKind, tensors: list[Tensor]) -> Tensor:
    """An element-wise function of tensors that broadcast as ONNX does."""
    rank = max(len(x.shape) for x in tensors)
    tensors = [_of_rank(x, rank) for x in tensors]
    try:
        shape = np.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        raise op.error(f"inputs of shapes {', '.join(str(x.shape) for x in tensors)} do not fit") from None
    axes = max((x.axes for x in tensors), key=len)
    axes = (*(axis for axis in range(rank) if axis not in axes and shape[axis] > 1), *axes)
    name = op.add(Merge, *(op.arranged(x, axes) for x in tensors), kind=kind)
    return Tensor(name, shape, axes)


@converts("Sum", "Mean", "Max", "Min")
def _variadic(op: Op) -> Tensor:
    kind = op.raw.op_type
    values = [op.value(index) for index in range(len(op.inputs))]
    tensors = [value for value in values if isinstance(value, Tensor)]
    constants = [op.constant(index) for index, value in enumerate(values) if isinstance(value, Constant)]
    if kind == "Mean" and constants:
        raise op.unsupported("a constant among its inputs; computed tensors are supported")
    result = tensors[0] if len(tensors) == 1 else merged(op, _MERGES[kind], tensors)
    for constant in constants:
        x, c = ranked(result, constant), constant.reals
        if kind == "Sum":
            result = op.affine(x, 1.0, c, suffix="/constant")
        else:
            result = (at_least if kind == "Max" else at_most)(op, x, c)
    return result


@converts("Neg")
def _negated(op: Op) -> Tensor:
    return op.affine(op.tensor(), -1.0)


@converts("Pow")
def _power(op: Op) -> Value:
    x, exponents = op.tensor(0), op.constant(1).reals
    if exponents.size != 1:
        raise op.unsupported("an exponent for each element; one number is supported")
    match float(exponents.item()):
        case 1.0:
            return x
        case 2.0:
            return unary(op, x, "square")
        case 0.5:
            return unary(op, x, "sqrt")
        case -1.0:
            return unary(op, x, "reciprocal")
        case exponent:
            raise op.unsupported(f"the exponent {exponent}; 1, 2, 0.5 and -1 are supported")


@converts("Identity", "Cast", "CastLike", "Dropout")
def _dropped(op: Op) -> Value:
    """What changes nothing in inference: noted where the user may wonder."""
    x = op.value(0)
    kind = op.raw.op_type
    if kind == "Cast" and isinstance(x, Tensor) and op.integer("to", 1) not in _FLOATS:
        raise op.unsupported("a cast of computed numbers to integers; casts to floats are supported")
    if kind == "Dropout":
        training = op.given(2)
        if isinstance(training, Constant) and np.any(training.codes):
            raise op.unsupported("training_mode; export the model for inference")
        op.builder.note(f"{op.raw.name} (Dropout) acts in training only and was dropped")
    return x


_FLOATS = (1, 10, 11, 16)
"""TensorProto's FLOAT, FLOAT16, DOUBLE and BFLOAT16."""
