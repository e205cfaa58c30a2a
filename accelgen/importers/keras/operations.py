"""Operations on tensors of Keras 3 models that are no layers: ``x * 2``, ``keras.ops.mean(x, axis=1)``.

Their options are those of the classes in keras.src.ops (keras 3.15), which a file holds by name.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_activation
from accelgen.importers.keras.graph import OPERATION
from accelgen.importers.keras.layer import Converter, KerasLayer, converts
from accelgen.importers.keras.merging import merge
from accelgen.importers.keras.reductions import axes_of, reduce_axes
from accelgen.ir import Affine, MergeKind, PoolKind


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


for _name, _kind in (("Sum", PoolKind.SUM), ("Mean", PoolKind.AVERAGE), ("Max", PoolKind.MAX)):
    converts(OPERATION + _name)(_reduction(_kind))


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


Line = Callable[[float, bool], tuple[float, float] | None]
"""Scale and bias of an operation on a tensor and a number, which comes first where the flag says so.

None where it is no line.
"""


def _arithmetic(line: Line, of_tensors: Converter | None) -> Converter:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        if layer.scalar is None and of_tensors is not None:
            return of_tensors(layer, builder)
        if layer.scalar is None:
            raise layer.unsupported("a quotient of tensors is not supported; divide by a number")
        value = float(np.float32(layer.scalar.value))
        found = line(value, layer.scalar.first) if np.isfinite(value) else None
        if found is None:
            raise layer.unsupported("a number divided by a tensor, or a division by 0, is not supported")
        scale, bias = (np.array([number]) for number in found)
        return builder.add(Affine(layer.name, (layer.only_input,), scale, bias))

    return convert


def _quotient(value: float, first: bool) -> tuple[float, float] | None:
    return None if first or value == 0 else (1 / value, 0.0)


_ARITHMETIC: dict[str, tuple[Line, Converter | None]] = {
    "Add": (lambda value, _: (1.0, value), merge(MergeKind.ADD)),
    "Subtract": (
        lambda value, first: (-1.0, value) if first else (1.0, -value),
        merge(MergeKind.SUBTRACT),
    ),
    "Multiply": (lambda value, _: (value, 0.0), merge(MergeKind.MULTIPLY)),
    "Divide": (_quotient, None),
    "TrueDivide": (_quotient, None),
}
for _name, (_line, _of_tensors) in _ARITHMETIC.items():
    converts(OPERATION + _name)(_arithmetic(_line, _of_tensors))

TAKE_SCALARS = frozenset(OPERATION + name for name in _ARITHMETIC)
"""The classes of which a number may be an operand."""
