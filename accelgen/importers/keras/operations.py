"""Operations on tensors of Keras 3 models that are no layers: ``x * 2``, ``keras.ops.mean(x, axis=1)``.

Their options are those of the classes in keras.src.ops (keras 3.15), which a file holds by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_activation
from accelgen.importers.keras.graph import OPERATION
from accelgen.importers.keras.layer import Converter, KerasLayer, Scalar, converts
from accelgen.importers.keras.merging import merge
from accelgen.importers.keras.reductions import axes_of, reduce_axes
from accelgen.ir import Affine, MergeKind, PoolKind, Unary


def _reduction(kind: PoolKind) -> Converter:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        if layer.config.get("initial") is not None:
            raise layer.unsupported("the option 'initial' is not supported; reduce without it")
        if layer.config.get("axis") is None:
            raise layer.unsupported("it reduces over the batch, too; name the axes")
        source = layer.only_input
        axes = axes_of(layer, "axis", len(builder.shapes[source]))
        return reduce_axes(builder, layer.name, source, kind, axes, layer.flag("keepdims", False))

    return convert


for _name, _pool in (("Sum", PoolKind.SUM), ("Mean", PoolKind.AVERAGE), ("Max", PoolKind.MAX)):
    converts(OPERATION + _name)(_reduction(_pool))


def _activation(name: str) -> Converter:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        return add_activation(layer, builder, layer.name, layer.only_input, name)

    return convert


for _name, _activation_name in (
    ("Relu", "relu"),
    ("Relu6", "relu6"),
    ("Sigmoid", "sigmoid"),
    ("Tanh", "tanh"),
    ("Softplus", "softplus"),
    ("Softsign", "softsign"),
    ("Silu", "silu"),
    ("Selu", "selu"),
    ("Exp", "exponential"),
    ("HardSigmoid", "hard_sigmoid"),
    ("HardSilu", "hard_silu"),
    ("HardTanh", "hard_tanh"),
):
    converts(OPERATION + _name)(_activation(_activation_name))


@converts(OPERATION + "Negative")
def _negative(layer: KerasLayer, builder: Builder) -> str:
    return builder.add(Affine(layer.name, (layer.only_input,), -np.ones(1)))


Line = Callable[[float, bool], tuple[float, float]]
"""Scale and bias of an operation on a tensor and a number, which comes first where the flag says so."""


def _arithmetic(kind: MergeKind, line: Line) -> Converter:
    """The converter of an operation on two tensors, or on a tensor and a number."""
    of_tensors = merge(kind)

    def convert(layer: KerasLayer, builder: Builder) -> str:
        if layer.scalar is None:
            return of_tensors(layer, builder)
        scale, bias = line(_operand(layer, layer.scalar), layer.scalar.first)
        return builder.add(Affine(layer.name, (layer.only_input,), np.array([scale]), np.array([bias])))

    return convert


@converts(OPERATION + "Divide", OPERATION + "TrueDivide")
def _divide(layer: KerasLayer, builder: Builder) -> str:
    def reciprocal(source: str) -> str:
        return builder.add(Unary(builder.unique(f"{layer.name}/reciprocal"), (source,), "reciprocal"))

    if layer.scalar is None:
        if len(layer.inputs) != 2:
            raise layer.error(f"two inputs expected, there are {len(layer.inputs)}")
        factors = (layer.inputs[0], reciprocal(layer.inputs[1]))
        return merge(MergeKind.MULTIPLY)(replace(layer, inputs=factors), builder)
    value, source = _operand(layer, layer.scalar), layer.only_input
    if layer.scalar.first:
        return builder.add(Affine(layer.name, (reciprocal(source),), np.array([value])))
    if value == 0:
        raise layer.error("it divides by 0")
    return builder.add(Affine(layer.name, (source,), np.array([1 / value])))


def _operand(layer: KerasLayer, scalar: Scalar) -> float:
    """The number as the framework holds it, in float32."""
    with np.errstate(over="ignore"):
        value = float(np.float32(scalar.value))
    if not np.isfinite(value):
        raise layer.error(f"its operand {scalar.value!r:.40} is not finite")
    return value


for _name, _kind, _line in (
    ("Add", MergeKind.ADD, lambda value, _: (1.0, value)),
    ("Subtract", MergeKind.SUBTRACT, lambda value, first: (-1.0, value) if first else (1.0, -value)),
    ("Multiply", MergeKind.MULTIPLY, lambda value, _: (value, 0.0)),
):
    converts(OPERATION + _name)(_arithmetic(_kind, _line))

TAKE_SCALARS = frozenset(OPERATION + name for name in ("Add", "Subtract", "Multiply", "Divide", "TrueDivide"))
"""The classes of which a number may be an operand."""
