"""Activations: a registry by name, and how the standard ones become nodes.

An activation is written in a model file as a name ("relu"), as a call ("quantized_relu(3,1)"), as a
serialized object ({"class_name": ..., "config": {...}}), or, by Keras 3, as a serialized function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.importers.builder import Builder
from accelgen.importers.keras.graph import OPERATION
from accelgen.importers.keras.layer import CONVERTERS, KerasLayer, converts
from accelgen.ir import Affine, Clip, Merge, MergeKind, Relu, Softmax, Threshold, Transpose, Unary

_FUNCTION_CLASSES = ("function", "builtin_function_or_method")


@dataclass(frozen=True)
class Activation:
    """An activation as a file names it: ``name``, and its options as a mapping or as text, "3,1"."""

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    arguments: str | None = None


@dataclass(frozen=True)
class Use:
    """An activation where it is used: of node ``source``, for ``layer``; its own node is to be ``name``."""

    activation: Activation
    layer: KerasLayer
    builder: Builder
    name: str
    source: str


ActivationConverter = Callable[[Use], str]
"""Adds the nodes of an activation, the last called ``use.name`` and others ``use.name/...``.

Returns the name of the node that holds the result.
"""

ACTIVATIONS: dict[str, ActivationConverter] = {}


def activates(*names: str) -> Callable[[ActivationConverter], ActivationConverter]:
    """Register the decorated function as the converter of the activations of these names."""

    def register(function: ActivationConverter) -> ActivationConverter:
        for name in names:
            ACTIVATIONS[name] = function
        return function

    return register


def parse_activation(layer: KerasLayer, value: object) -> Activation:
    """The activation that a configuration value stands for; None is "linear".

    Raises:
        ModelError: the value is neither a name nor a serialized object.
    """
    if value is None:
        return Activation("linear")
    if isinstance(value, str):
        name, bracket, rest = value.strip().partition("(")
        if bracket and not rest.endswith(")"):
            raise layer.error(f"activation {value!r:.60} is not a name or a call")
        return Activation(name.strip(), arguments=rest[:-1] if bracket else None)
    if isinstance(value, Mapping):
        class_name, config = value.get("class_name"), value.get("config") or {}
        if class_name in _FUNCTION_CLASSES and isinstance(config, str):
            return Activation(config.rpartition(">")[2])
        if isinstance(class_name, str) and isinstance(config, Mapping):
            return Activation(class_name.rpartition(">")[2], config)
    raise layer.error(f"activation {value!r:.60} is neither a name nor a serialized object")


def add_activation(layer: KerasLayer, builder: Builder, name: str, source: str, value: object) -> str:
    """Add the activation ``value`` (of a configuration) of node ``source`` as node ``name``.

    Returns the name of the node that holds the result: ``source`` itself for a linear activation.

    Raises:
        ModelError: the value is malformed.
        UnsupportedError: no converter is registered for it.
    """
    activation = parse_activation(layer, value)
    convert = ACTIVATIONS.get(activation.name)
    if convert is not None:
        return convert(Use(activation, layer, builder, name, source))
    as_layer = CONVERTERS.get(activation.name)
    if as_layer is not None and isinstance(value, Mapping):
        inner = replace(
            layer,
            class_name=activation.name,
            name=name,
            config=activation.config,
            inputs=(source,),
            weights={},
        )
        return as_layer(inner, builder)
    supported = ", ".join(sorted(ACTIVATIONS))
    raise layer.unsupported(f"activation {activation.name!r:.60} is not supported; these are: {supported}")


def add_fused_activation(layer: KerasLayer, builder: Builder, source: str) -> str:
    """The layer's own option ``activation`` as node ``<layer>/activation``, or ``source`` where linear."""
    name = builder.unique(f"{layer.name}/activation")
    return add_activation(layer, builder, name, source, layer.config.get("activation"))


@converts("Activation")
def _activation_layer(layer: KerasLayer, builder: Builder) -> str:
    if "activation" not in layer.config:
        raise layer.error("it names no activation")
    return add_activation(layer, builder, layer.name, layer.only_input, layer.config["activation"])


@activates("linear")
def _linear(use: Use) -> str:
    return use.source


def _unary(function: str, *parameters: float) -> ActivationConverter:
    def convert(use: Use) -> str:
        return use.builder.add(Unary(use.name, (use.source,), function, parameters))

    return convert


for _names, _function in (
    (("sigmoid",), _unary("sigmoid")),
    (("tanh",), _unary("tanh")),
    (("softplus",), _unary("softplus")),
    (("softsign",), _unary("softsign")),
    (("selu",), _unary("selu")),
    (("elu",), _unary("elu", 1.0)),
    (("exponential",), _unary("exp")),
    (("swish", "silu"), _unary("silu")),
    (("gelu",), _unary("gelu")),
    (("mish",), _unary("mish")),
    (("hard_swish", "hard_silu"), _unary("hard_silu")),
):
    activates(*_names)(_function)


@activates("softmax")
def _softmax(use: Use) -> str:
    return use.builder.add(Softmax(use.name, (use.source,)))


@activates("relu")
def _relu(use: Use) -> str:
    return use.builder.add(Relu(use.name, (use.source,)))


@activates("relu6")
def _relu6(use: Use) -> str:
    return use.builder.add(Relu(use.name, (use.source,), upper=6.0))


@activates("leaky_relu")
def _leaky_relu(use: Use) -> str:
    return use.builder.add(Relu(use.name, (use.source,), _slope(0.2)))


@activates("hard_sigmoid")
def _hard_sigmoid(use: Use) -> str:
    """Keras 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6. Constants as float32 holds them."""
    slope = np.float64(np.float32(0.2 if use.layer.keras_major < 3 else 1 / 6))
    line = use.builder.add(
        Affine(use.builder.unique(f"{use.name}/line"), (use.source,), np.array([slope]), np.array([0.5]))
    )
    return use.builder.add(Clip(use.name, (line,), 0.0, 1.0))


@activates("hard_tanh")
def _hard_tanh(use: Use) -> str:
    return use.builder.add(Clip(use.name, (use.source,), -1.0, 1.0))


@activates("binary_tanh")
def _binary_tanh(use: Use) -> str:
    """2 * round(clip((x + 1) / 2, 0, 1)) - 1 (Courbariaux et al.); halves round to even, so 0 gives -1."""
    return use.builder.add(
        Threshold(use.name, (use.source,), np.zeros(1), np.array([-1.0, 1.0]), inclusive=False)
    )


@activates("ternary_tanh")
def _ternary_tanh(use: Use) -> str:
    """+1 above 0.5, -1 up to and including -0.5, else 0, as hls4ml 1.3 (nnet::ternary_tanh) has it."""
    values = np.array([-1.0, 0.0, 1.0])
    return use.builder.add(Threshold(use.name, (use.source,), np.array([-0.5, 0.5]), values, inclusive=False))


def _slope(value: float) -> npt.NDArray[np.float64]:
    """A slope as the framework holds it, in float32."""
    return np.array([value], np.float32).astype(np.float64)


def _slope_option(layer: KerasLayer, default: float) -> float:
    """The negative slope under either of its names: "alpha" in Keras 2, "negative_slope" in Keras 3."""
    return layer.number("negative_slope" if "negative_slope" in layer.config else "alpha", default)


@converts("ReLU")
def _relu_layer(layer: KerasLayer, builder: Builder) -> str:
    """min(x where x > threshold else 0, max_value) - slope * relu(threshold - x) (keras 3.15, ReLU)."""
    source = layer.only_input
    threshold = layer.number("threshold", 0.0)
    slope = layer.number("negative_slope", 0.0)
    upper = None if layer.config.get("max_value") is None else layer.number("max_value")
    if min(threshold, slope, 0.0 if upper is None else upper) < 0:
        raise layer.error("threshold, negative_slope and max_value cannot be negative")
    if threshold == 0:
        return builder.add(Relu(layer.name, (source,), _slope(slope), upper))
    passed = layer.name if slope == 0 and upper is None else builder.unique(f"{layer.name}/passed")
    result = _pass_above(builder, passed, source, threshold)
    if upper is not None:
        clipped = layer.name if slope == 0 else builder.unique(f"{layer.name}/clipped")
        result = builder.add(Clip(clipped, (result,), 0.0, upper))
    if slope == 0:
        return result
    distance = builder.unique(f"{layer.name}/distance")
    builder.add(Affine(distance, (source,), -np.ones(1), np.array([threshold])))
    below = builder.add(Relu(builder.unique(f"{layer.name}/below"), (distance,)))
    leak = builder.add(Affine(builder.unique(f"{layer.name}/leak"), (below,), -_slope(slope)))
    return builder.add(Merge(layer.name, (result, leak), MergeKind.ADD))


@converts("ThresholdedReLU")
def _thresholded_relu_layer(layer: KerasLayer, builder: Builder) -> str:
    return _pass_above(builder, layer.name, layer.only_input, layer.number("theta", 1.0))


def _pass_above(builder: Builder, name: str, source: str, threshold: float) -> str:
    """``x`` where it is above ``threshold``, else 0, as node ``name``: a product with 0 or 1, so exact."""
    gate = builder.unique(f"{name}/gate")
    edge = np.array([threshold], np.float32).astype(np.float64)
    builder.add(Threshold(gate, (source,), edge, np.array([0.0, 1.0]), inclusive=False))
    return builder.add(Merge(name, (source, gate), MergeKind.MULTIPLY))


@converts("LeakyReLU", OPERATION + "LeakyRelu")
def _leaky_relu_layer(layer: KerasLayer, builder: Builder) -> str:
    return builder.add(Relu(layer.name, (layer.only_input,), _slope(_slope_option(layer, 0.3))))


@converts("PReLU")
def _prelu_layer(layer: KerasLayer, builder: Builder) -> str:
    return builder.add(Relu(layer.name, (layer.only_input,), layer.weight("alpha", 0)))


@converts("ELU", OPERATION + "Elu")
def _elu_layer(layer: KerasLayer, builder: Builder) -> str:
    return builder.add(Unary(layer.name, (layer.only_input,), "elu", (layer.number("alpha", 1.0),)))


@converts("Softmax", OPERATION + "Softmax")
def _softmax_layer(layer: KerasLayer, builder: Builder) -> str:
    """Softmax over one axis; one that is not the last is brought there and back."""
    source = layer.only_input
    rank = len(builder.shapes[source])
    axis = layer.axis("axis", rank)
    if axis == rank - 1:
        return builder.add(Softmax(layer.name, (source,)))
    swap = list(range(rank))
    swap[axis], swap[-1] = swap[-1], swap[axis]
    moved = builder.add(Transpose(builder.unique(f"{layer.name}/moved"), (source,), tuple(swap)))
    inner = builder.add(Softmax(builder.unique(f"{layer.name}/softmax"), (moved,)))
    return builder.add(Transpose(layer.name, (inner,), tuple(swap)))
