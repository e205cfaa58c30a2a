"""Dense and convolution layers, and the binary and ternary ones of Courbariaux et al."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_fused_activation
from accelgen.importers.keras.geometry import channels_last_input, conv_window, restore_layout
from accelgen.importers.keras.layer import CONVERTERS, Converter, KerasLayer, converts
from accelgen.ir import Affine, Conv, Dense, DepthwiseConv, Node

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Constants:
    """What a dense or convolution layer computes with: ``(x @ kernel) * scale + bias``.

    The kernel has the shape of the file's; scale and bias are (n_out,).
    """

    kernel: Array
    bias: Array | None = None
    scale: Array | None = None


Rule = Callable[[KerasLayer, Constants], Constants]
"""How a kind of layer turns the variables in the file into what it computes with."""


def kernel_rule(change: Callable[[Array], Array]) -> Rule:
    """The rule of layers that change their kernel only."""
    return lambda _, constants: replace(constants, kernel=change(constants.kernel))


def add_linear(
    builder: Builder, name: str, constants: Constants, make: Callable[[str, Array | None], Node]
) -> str:
    """Add the node that ``make`` gives for a name and a bias, and its scale, the last called ``name``."""
    if constants.scale is None:
        return builder.add(make(name, constants.bias))
    unscaled = builder.add(make(builder.unique(f"{name}/unscaled"), None))
    bias = np.zeros(1) if constants.bias is None else constants.bias
    return builder.add(Affine(name, (unscaled,), constants.scale, bias))


def bias_of(layer: KerasLayer, position: int, units: int) -> Array | None:
    """The layer's ``bias`` of shape (units,), its ``position``-th variable; None without ``use_bias``."""
    return layer.weight("bias", position, (units,)) if layer.flag("use_bias", True) else None


def as_is(_: KerasLayer, constants: Constants) -> Constants:
    """The rule of layers that compute with their variables themselves."""
    return constants


def binarize(kernel: Array) -> Array:
    """+1 where a latent weight is above 0, else -1."""
    return np.where(kernel > 0, 1.0, -1.0)


def ternarize(kernel: Array) -> Array:
    """+1 where a latent weight is above 0.5, -1 where it is at most -0.5, else 0."""
    return np.where(kernel > 0.5, 1.0, np.where(kernel <= -0.5, -1.0, 0.0))


def dense(rule: Rule) -> Converter:
    """The converter of dense layers with that rule."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = layer.only_input
        shape = builder.shapes[source]
        units = layer.integer("units")
        if not shape:
            raise layer.error("its input has no axis")
        kernel = layer.weight("kernel", 0, (shape[-1], units))
        constants = rule(layer, Constants(kernel, bias_of(layer, 1, units)))

        def make(name: str, bias: Array | None) -> Node:
            return Dense(name, (source,), constants.kernel, bias)

        return add_fused_activation(layer, builder, add_linear(builder, layer.name, constants, make))

    return convert


def conv(rank: int, rule: Rule) -> Converter:
    """The converter of convolutions over ``rank`` axes with that rule."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        shape = builder.shapes[source]
        window = conv_window(layer, shape)
        groups, filters = layer.integer("groups", 1), layer.integer("filters")
        if shape[-1] % groups or filters % groups:
            raise layer.error(f"{groups} groups do not divide {shape[-1]} channels and {filters} filters")
        kernel = layer.weight("kernel", 0, (*window.size, shape[-1] // groups, filters))
        constants = rule(layer, Constants(kernel, bias_of(layer, 1, filters)))

        def make(name: str, bias: Array | None) -> Node:
            sliding = (window.strides, window.padding, window.dilation)
            return Conv(name, (source,), constants.kernel, bias, *sliding, groups)

        result = add_linear(builder, layer.name, constants, make)
        return add_fused_activation(layer, builder, restore_layout(layer, builder, result))

    return convert


for _prefix, _rule in (("", as_is), ("Binary", kernel_rule(binarize)), ("Ternary", kernel_rule(ternarize))):
    converts(f"{_prefix}Dense")(dense(_rule))
    for _rank in (1, 2):
        converts(f"{_prefix}Conv{_rank}D", f"{_prefix}Convolution{_rank}D")(conv(_rank, _rule))


def _add_depthwise(
    layer: KerasLayer, builder: Builder, source: str, name: str, rule: Rule, bias_position: int | None
) -> str:
    """A depthwise convolution called ``name`` with the layer's window and "depthwise_kernel"."""
    shape = builder.shapes[source]
    window = conv_window(layer, shape)
    multiplier = layer.integer("depth_multiplier", 1)
    variable = "depthwise_kernel" if "depthwise_kernel" in layer.weights else "kernel"
    kernel = layer.weight(variable, 0, (*window.size, shape[-1], multiplier))
    bias = None if bias_position is None else bias_of(layer, bias_position, shape[-1] * multiplier)
    constants = rule(layer, Constants(kernel, bias))

    def make(name: str, bias: Array | None) -> Node:
        return DepthwiseConv(
            name, (source,), constants.kernel, bias, window.strides, window.padding, window.dilation
        )

    return add_linear(builder, name, constants, make)


def depthwise(rank: int, rule: Rule) -> Converter:
    """The converter of depthwise convolutions with that rule."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        result = _add_depthwise(layer, builder, source, layer.name, rule, 1)
        return add_fused_activation(layer, builder, restore_layout(layer, builder, result))

    return convert


def separable(rank: int, depthwise_rule: Rule, pointwise_rule: Rule) -> Converter:
    """The converter of separable convolutions: ``<layer>/depthwise``, and one of kernel size 1.

    The latter carries the bias.
    """

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        inner = builder.unique(f"{layer.name}/depthwise")
        between = _add_depthwise(layer, builder, source, inner, depthwise_rule, None)
        filters = layer.integer("filters")
        ones = (1,) * rank
        kernel = layer.weight("pointwise_kernel", 1, (*ones, builder.shapes[between][-1], filters))
        constants = pointwise_rule(layer, Constants(kernel, bias_of(layer, 2, filters)))

        def make(name: str, bias: Array | None) -> Node:
            return Conv(name, (between,), constants.kernel, bias, ones, ((0, 0),) * rank, ones)

        result = add_linear(builder, layer.name, constants, make)
        return add_fused_activation(layer, builder, restore_layout(layer, builder, result))

    return convert


for _rank in (1, 2):
    converts(f"DepthwiseConv{_rank}D")(depthwise(_rank, as_is))
    converts(f"SeparableConv{_rank}D", f"SeparableConvolution{_rank}D")(separable(_rank, as_is, as_is))


@converts("TimeDistributed")
def _time_distributed(layer: KerasLayer, builder: Builder) -> str:
    """Only of Dense, which acts on the last axis with or without the wrapper."""
    inner = layer.config.get("layer")
    if not isinstance(inner, dict) or not isinstance(inner.get("config"), dict):
        raise layer.error("it wraps no layer")
    class_name = inner.get("class_name")
    if class_name not in ("Dense", "QDense", "Activation", "QActivation"):
        raise layer.unsupported(
            f"TimeDistributed is converted around Dense and Activation, not {class_name!r:.60}"
        )
    weights = {path.removeprefix("layer/"): array for path, array in layer.weights.items()}
    wrapped = replace(layer, class_name=class_name, config=inner["config"], weights=weights)
    return CONVERTERS[class_name](wrapped, builder)
