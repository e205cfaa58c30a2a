"""The real functions of `Unary` nodes, in float64: what a table of theirs is computed from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805
"""Klambauer et al., "Self-Normalizing Neural Networks" (2017), as Keras rounds them."""


@dataclass(frozen=True)
class Function:
    """``compute(x, parameters)``; ``rising`` where it never falls, so that thresholds can replace a table."""

    compute: Callable[[Array, tuple[float, ...]], Array]
    parameters: int = 0
    rising: bool = True


def _sigmoid(x: Array) -> Array:
    positive = 1.0 / (1.0 + np.exp(-np.abs(x)))
    return np.where(x >= 0, positive, np.exp(-np.abs(x)) * positive)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _erf(x: Array) -> Array:
    return np.asarray(np.vectorize(erf, otypes=[np.float64])(x))


FUNCTIONS: dict[str, Function] = {
    "sigmoid": Function(lambda x, _: _sigmoid(x)),
    "tanh": Function(lambda x, _: np.tanh(x)),
    "softplus": Function(lambda x, _: _softplus(x)),
    "softsign": Function(lambda x, _: x / (1 + np.abs(x))),
    "elu": Function(lambda x, p: _elu(x, p[0]), parameters=1),
    "selu": Function(lambda x, _: _SELU_SCALE * _elu(x, _SELU_ALPHA)),
    "exp": Function(lambda x, _: np.exp(np.minimum(x, 709.0))),
    "exp_scaled": Function(lambda x, p: np.exp(np.minimum(p[0] * x, 709.0)), parameters=1, rising=False),
    "silu": Function(lambda x, _: x * _sigmoid(x), rising=False),
    "gelu": Function(lambda x, _: 0.5 * x * (1 + _erf(x / np.sqrt(2.0))), rising=False),
    "gelu_tanh": Function(
        lambda x, _: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), rising=False
    ),
    "mish": Function(lambda x, _: x * np.tanh(_softplus(x)), rising=False),
    "hard_silu": Function(lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1), rising=False),
    "hard_swish": Function(lambda x, p: x * np.clip(x + p[0], 0, p[1]) / p[1], parameters=2, rising=False),
    "thresholded_relu": Function(lambda x, p: np.where(x > p[0], x, 0.0), parameters=1, rising=False),
    "erf": Function(lambda x, _: _erf(x)),
    "reciprocal": Function(lambda x, _: np.divide(1.0, x, out=np.zeros_like(x), where=x != 0), rising=False),
    "reciprocal_shifted": Function(
        lambda x, p: np.divide(1.0, x + p[0], out=np.zeros_like(x), where=x + p[0] != 0),
        parameters=1,
        rising=False,
    ),
    "sqrt": Function(lambda x, _: np.sqrt(np.maximum(x, 0.0))),
    "square": Function(lambda x, _: x * x, rising=False),
    "abs": Function(lambda x, _: np.abs(x), rising=False),
    "log": Function(lambda x, _: np.log(np.maximum(x, np.finfo(np.float64).tiny))),
    "sin": Function(lambda x, _: np.sin(x), rising=False),
    "cos": Function(lambda x, _: np.cos(x), rising=False),
}


def evaluate(name: str, parameters: tuple[float, ...], x: Array) -> Array:
    """The function ``name`` of every element of ``x``; KeyError where there is none of that name."""
    return FUNCTIONS[name].compute(np.asarray(x, np.float64), parameters)
