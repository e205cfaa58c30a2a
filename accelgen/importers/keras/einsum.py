"""EinsumDense as matrix products, and Dot."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from string import ascii_letters

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_fused_activation
from accelgen.importers.keras.core import Constants, Rule, as_is
from accelgen.importers.keras.layer import Converter, KerasLayer, converts
from accelgen.ir import Dense, Dot, EinsumDense, Reshape, Transpose
from accelgen.ir.nodes import Array, Shape


@dataclass(frozen=True)
class _Equation:
    """The axes of the input, the weight and the result, a letter each, without the batch."""

    operand: str
    weight: str
    result: str

    @property
    def contracted(self) -> str:
        return "".join(axis for axis in self.weight if axis not in self.result)

    @property
    def added(self) -> str:
        return "".join(axis for axis in self.weight if axis not in self.operand)

    @property
    def kept(self) -> str:
        return "".join(axis for axis in self.operand if axis in self.result)

    @property
    def is_matrix_product(self) -> bool:
        """Whether no axis is in all three: then the weight is one matrix."""
        return not set(self.kept) & set(self.weight)


def _equation(layer: KerasLayer, rank: int) -> _Equation:
    text = layer.text("equation").replace(" ", "")
    operands, arrow, result = text.partition("->")
    operand, comma, weight = operands.partition(",")
    if not arrow or not comma:
        raise layer.error(f"equation {text!r:.60} is not of the form 'ab,bc->ac'")
    if "..." in weight or operand.count("...") != result.count("...") or operand.count("...") > 1:
        raise layer.unsupported(
            f"equation {text!r:.60}: '...' stands once before the comma and once in the result"
        )
    if "..." in operand:
        free = [letter for letter in ascii_letters if letter not in text]
        missing = "".join(free[: rank + 1 - (len(operand) - 3)])
        operand, result = operand.replace("...", missing), result.replace("...", missing)
    parts = (operand, weight, result)
    if not all(part.isalpha() and len(set(part)) == len(part) for part in parts) or len(operand) != rank + 1:
        raise layer.unsupported(
            f"equation {text!r:.60}: each axis of the input, batch first, is a letter of its own"
        )
    batch, own = operand[0], operand[1:]
    if result[0] != batch or batch in weight:
        raise layer.unsupported(
            f"equation {text!r:.60}: the batch comes first in the input and in the result"
        )
    if set(own) - set(weight) - set(result) or set(result[1:]) - set(own) - set(weight):
        raise layer.unsupported(f"equation {text!r:.60}: an axis is in the input or in the result alone")
    return _Equation(own, weight, result[1:])


def einsum_dense(rule: Rule) -> Converter:
    """The converter of EinsumDense layers with that rule."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = layer.only_input
        shape = builder.shapes[source]
        equation = _equation(layer, len(shape))
        kernel = layer.weight("kernel", 0)
        if kernel.ndim != len(equation.weight):
            raise layer.error(f"a kernel of shape {kernel.shape} does not fit the equation")
        bias = layer.weight("bias", 1) if layer.config.get("bias_axes") is not None else None
        constants = rule(layer, Constants(kernel, bias))
        weight, bias = constants.kernel, constants.bias
        sizes = {
            **dict(zip(equation.weight, weight.shape, strict=True)),
            **dict(zip(equation.operand, shape, strict=True)),
        }
        added = tuple(sizes[axis] for axis in equation.added)
        column_bias = _by_column(bias, equation, added)
        if equation.is_matrix_product and (bias is None or column_bias is not None):
            result = _matrix_product(layer, builder, equation, sizes, weight, column_bias)
        else:
            text = f"{equation.operand},{equation.weight}->{equation.result}"
            result = builder.add(EinsumDense(layer.name, (source,), text, weight, bias))
        return add_fused_activation(layer, builder, result)

    return convert


converts("EinsumDense")(einsum_dense(as_is))


def _by_column(bias: Array | None, equation: _Equation, added: Shape) -> Array | None:
    """The bias as a vector over the axes that the weight adds, if it varies along no other of the result."""
    if bias is None or bias.ndim > len(equation.result):
        return None
    shape: Shape = (1,) * (len(equation.result) - bias.ndim) + bias.shape
    along = [axis for axis, size in zip(equation.result, shape, strict=True) if size > 1]
    if not set(along) <= set(equation.added):
        return None
    axes = [axis for axis in equation.result if axis in equation.added]
    own = bias.reshape([shape[equation.result.index(axis)] for axis in axes])
    return np.broadcast_to(own.transpose([axes.index(axis) for axis in equation.added]), added).ravel()


def _matrix_product(
    layer: KerasLayer,
    builder: Builder,
    equation: _Equation,
    sizes: dict[str, int],
    weight: Array,
    bias: Array | None,
) -> str:
    """A `Dense` over the contracted axes, with the transpositions and reshapes that bring them there."""

    def shape(axes: str) -> Shape:
        return tuple(sizes[axis] for axis in axes)

    def transposed(step: str, source: str, axes: str, wanted: str) -> str:
        if axes == wanted:
            return source
        permutation = tuple(axes.index(axis) for axis in wanted)
        return builder.add(Transpose(builder.unique(f"{layer.name}/{step}"), (source,), permutation))

    def reshaped(step: str, source: str, wanted: Shape) -> str:
        if builder.shapes[source] == wanted:
            return source
        return builder.add(Reshape(builder.unique(f"{layer.name}/{step}"), (source,), wanted))

    contracted, added, kept = equation.contracted, equation.added, equation.kept
    matrix = weight.transpose([equation.weight.index(axis) for axis in contracted + added])
    matrix = matrix.reshape(prod(shape(contracted)), prod(shape(added)))
    source = transposed("contracted_last", layer.only_input, equation.operand, kept + contracted)
    source = reshaped("flat_input", source, (*shape(kept), matrix.shape[0]))
    result = builder.add(Dense(layer.name, (source,), matrix, bias))
    result = reshaped("unflattened", result, shape(kept + added))
    return transposed("ordered", result, kept + added, equation.result)


@converts("Dot")
def _dot(layer: KerasLayer, builder: Builder) -> str:
    if len(layer.inputs) != 2:
        raise layer.error(f"two inputs expected, there are {len(layer.inputs)}")
    if layer.flag("normalize", False):
        raise layer.unsupported("normalize is not converted; plain products are")
    value = layer.config.get("axes")
    pair = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    if len(pair) != 2:
        raise layer.error(f"axes is one axis or one for each input, not {value!r:.50}")
    axes = [
        _axis(layer, axis, len(builder.shapes[source]))
        for axis, source in zip(pair, layer.inputs, strict=True)
    ]
    return builder.add(Dot(layer.name, layer.inputs, (axes[0], axes[1])))


def _axis(layer: KerasLayer, value: object, rank: int) -> int:
    """An axis that Keras counts with the batch, counted without it from 0."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not (1 <= value <= rank or -rank <= value <= -1)
    ):
        raise layer.error(f"axes {value!r:.50} is no axis of an input with {rank} axes after the batch")
    return value - 1 if value > 0 else value + rank
