"""Activation functions."""

from __future__ import annotations

from math import prod

import numpy as np

from accelgen.importers.onnx.op import Op, converts
from accelgen.importers.onnx.values import Constant, Tensor
from accelgen.ir import Clip, Relu, Reshape, Softmax, Unary
from accelgen.ir.nodes import Array

_PLAIN = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Exp": "exp",
    "Log": "log",
    "Erf": "erf",
    "Sqrt": "sqrt",
    "Reciprocal": "reciprocal",
    "Abs": "abs",
    "Sin": "sin",
    "Cos": "cos",
    "Mish": "mish",
    "HardSwish": "hard_silu",
}
"""Operators without parameters, and the real function of each."""


@converts(*_PLAIN)
def _plain(op: Op) -> Tensor:
    return unary(op, op.tensor(), _PLAIN[op.raw.op_type])


def unary(op: Op, x: Tensor, function: str, *parameters: float) -> Tensor:
    """A real function of every element."""
    return op.elementwise(Unary, x, function=function, parameters=parameters)


@converts("Gelu")
def _gelu(op: Op) -> Tensor:
    kinds = {"none": "gelu", "tanh": "gelu_tanh"}
    kind = op.text("approximate", "none")
    if kind not in kinds:
        raise op.error(f"approximate {kind!r} is none of {', '.join(kinds)}")
    return unary(op, op.tensor(), kinds[kind])


@converts("Swish")
def _swish(op: Op) -> Tensor:
    alpha = op.number("alpha", 1.0)
    if alpha == 0:
        return op.affine(op.tensor(), 0.5)
    x = op.affine(op.tensor(), alpha, suffix="/alpha")
    return op.affine(unary(op, x, "silu"), 1 / alpha, suffix="/scale")


@converts("Elu")
def _elu(op: Op) -> Tensor:
    return unary(op, op.tensor(), "elu", op.number("alpha", 1.0))


@converts("Celu")
def _celu(op: Op) -> Tensor:
    alpha = op.number("alpha", 1.0)
    if alpha == 0:
        raise op.error("alpha is 0")
    x = op.affine(op.tensor(), 1 / alpha, suffix="/alpha")
    return op.affine(unary(op, x, "elu", 1.0), alpha, suffix="/scale")


_SELU = (1.67326319217681884765625, 1.05070102214813232421875)
"""ONNX's defaults of alpha and gamma (operator Selu): the usual constants rounded to float32."""


@converts("Selu")
def _selu(op: Op) -> Tensor:
    alpha, gamma = op.number("alpha", _SELU[0]), op.number("gamma", _SELU[1])
    if np.allclose((alpha, gamma), _SELU, rtol=1e-6):
        return unary(op, op.tensor(), "selu")
    return op.affine(unary(op, op.tensor(), "elu", alpha), gamma, suffix="/scale")


@converts("ThresholdedRelu")
def _thresholded_relu(op: Op) -> Tensor:
    return unary(op, op.tensor(), "thresholded_relu", op.number("alpha", 1.0))


@converts("HardSigmoid")
def _hard_sigmoid(op: Op) -> Tensor:
    x = op.affine(op.tensor(), op.number("alpha", 0.2), op.number("beta", 0.5), suffix="/scale")
    return op.elementwise(Clip, x, low=0.0, high=1.0)


@converts("Relu")
def _relu(op: Op) -> Tensor:
    return op.elementwise(Relu, op.tensor())


@converts("LeakyRelu")
def _leaky_relu(op: Op) -> Tensor:
    return op.elementwise(Relu, op.tensor(), negative_slope=np.array([op.number("alpha", 0.01)]))


@converts("PRelu")
def _prelu(op: Op) -> Tensor:
    x = op.tensor()
    return op.elementwise(Relu, x, negative_slope=op.fitted(op.constant(1).reals, x))


@converts("Clip")
def _clip(op: Op) -> Tensor:
    low, high = (_bound(op, name, index) for index, name in enumerate(("min", "max"), 1))
    return bounded(op, op.tensor(), low, high)


def _bound(op: Op, name: str, index: int) -> float | None:
    """A bound of Clip: an attribute up to operator set 10, an input since; None where there is none."""
    given = op.given(index)
    if isinstance(given, Constant):
        if given.codes.size != 1:
            raise op.error(f"{name} is no single number")
        bound = float(given.reals.item())
    elif given is not None:
        raise op.unsupported(f"{name} is computed by the model; it is supported as a constant")
    elif name in op.attributes:
        bound = op.number(name, 0.0)
    else:
        return None
    return bound if abs(bound) < np.finfo(np.float32).max else None


def bounded(op: Op, x: Tensor, low: float | None, high: float | None) -> Tensor:
    """``min(max(x, low), high)``; None is no bound."""
    if low is not None and high is not None:
        if low == 0 and high > 0:
            return op.elementwise(Relu, x, upper=high)
        return op.elementwise(Clip, x, low=min(low, high), high=high)
    if low is not None:
        return at_least(op, x, np.array(low))
    return x if high is None else at_most(op, x, np.array(high))


def at_least(op: Op, x: Tensor, low: Array) -> Tensor:
    """``max(x, low)`` as a rectifier of ``x - low``."""
    return op.affine(op.elementwise(Relu, op.affine(x, 1.0, -low, "/from")), 1.0, low, "/to")


def at_most(op: Op, x: Tensor, high: Array) -> Tensor:
    """``min(x, high)`` as a rectifier of ``high - x``."""
    return op.affine(op.elementwise(Relu, op.affine(x, -1.0, high, "/from")), -1.0, high, "/to")


@converts("Softmax")
def _softmax(op: Op) -> Tensor:
    x = op.tensor()
    rank = len(x.shape)
    axis = op.axis(op.integer("axis", -1 if op.opset >= 13 else 1), rank)
    if op.opset >= 13 or all(size == 1 for size in x.shape[axis + 1 :]):
        x = op.arranged(x, (*(other for other in x.axes if other != axis), axis))
        return op.elementwise(Softmax, x)
    # before operator set 13, softmax ran over all axes from `axis` on, as if they were one
    axes = tuple(range(rank))
    x = op.arranged(x, axes)
    rows = prod(x.shape[:axis])
    flat = Tensor(op.add(Reshape, x, suffix="/rows", shape=(rows, prod(x.shape[axis:]))), x.shape, axes)
    result = op.elementwise(Softmax, flat)
    return Tensor(op.add(Reshape, result, suffix="/reshape", shape=x.shape), x.shape, axes)
