"""Dense and convolution layers, and the binary and ternary ones of Courbariaux et al."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_fused_activation
from accelgen.importers.keras.geometry import channels_last_input, conv_window, restore_layout
from accelgen.importers.keras.layer import CONVERTERS, KerasLayer, converts
from accelgen.ir import Conv, Dense, DepthwiseConv

Array = npt.NDArray[np.float64]
KernelRule = Callable[[Array], Array]


def bias_of(layer: KerasLayer, position: int, units: int) -> Array | None:
    """The layer's ``bias`` of shape (units,), its ``position``-th variable; None without ``use_bias``."""
    return layer.weight("bias", position, (units,)) if layer.flag("use_bias", True) else None


def _as_is(kernel: Array) -> Array:
    return kernel


def binarize(kernel: Array) -> Array:
    """+1 where a latent weight is above 0, else -1."""
    return np.where(kernel > 0, 1.0, -1.0)


def ternarize(kernel: Array) -> Array:
    """+1 where a latent weight is above 0.5, -1 where it is at most -0.5, else 0."""
    return np.where(kernel > 0.5, 1.0, np.where(kernel <= -0.5, -1.0, 0.0))


def _dense(rule: KernelRule) -> Callable[[KerasLayer, Builder], str]:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = layer.only_input
        shape = builder.shapes[source]
        units = layer.integer("units")
        if not shape:
            raise layer.error("its input has no axis")
        kernel = rule(layer.weight("kernel", 0, (shape[-1], units)))
        result = builder.add(Dense(layer.name, (source,), kernel, bias_of(layer, 1, units)))
        return add_fused_activation(layer, builder, result)

    return convert


def _conv(rank: int, rule: KernelRule) -> Callable[[KerasLayer, Builder], str]:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        shape = builder.shapes[source]
        window = conv_window(layer, shape)
        groups, filters = layer.integer("groups", 1), layer.integer("filters")
        if shape[-1] % groups or filters % groups:
            raise layer.error(f"{groups} groups do not divide {shape[-1]} channels and {filters} filters")
        kernel = rule(layer.weight("kernel", 0, (*window.size, shape[-1] // groups, filters)))
        result = builder.add(
            Conv(
                layer.name,
                (source,),
                kernel,
                bias_of(layer, 1, filters),
                window.strides,
                window.padding,
                window.dilation,
                groups,
            )
        )
        return add_fused_activation(layer, builder, restore_layout(layer, builder, result))

    return convert


for _prefix, _rule in (("", _as_is), ("Binary", binarize), ("Ternary", ternarize)):
    converts(f"{_prefix}Dense")(_dense(_rule))
    for _rank in (1, 2):
        converts(f"{_prefix}Conv{_rank}D", f"{_prefix}Convolution{_rank}D")(_conv(_rank, _rule))


def depthwise_kernel(layer: KerasLayer, size: tuple[int, ...], channels: int) -> Array:
    """The kernel (*size, channels, multiplier) of a layer that convolves each channel with its own."""
    name = "depthwise_kernel" if "depthwise_kernel" in layer.weights else "kernel"
    return layer.weight(name, 0, (*size, channels, layer.integer("depth_multiplier", 1)))


def _depthwise(rank: int) -> Callable[[KerasLayer, Builder], str]:
    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        shape = builder.shapes[source]
        window = conv_window(layer, shape)
        kernel = depthwise_kernel(layer, window.size, shape[-1])
        bias = bias_of(layer, 1, kernel.shape[-2] * kernel.shape[-1])
        result = builder.add(
            DepthwiseConv(
                layer.name, (source,), kernel, bias, window.strides, window.padding, window.dilation
            )
        )
        return add_fused_activation(layer, builder, restore_layout(layer, builder, result))

    return convert


def _separable(rank: int) -> Callable[[KerasLayer, Builder], str]:
    """A depthwise convolution ``<layer>/depthwise`` and one of kernel size 1, which carries the bias."""

    def convert(layer: KerasLayer, builder: Builder) -> str:
        source = channels_last_input(layer, builder, rank)
        shape = builder.shapes[source]
        window = conv_window(layer, shape)
        kernel = depthwise_kernel(layer, window.size, shape[-1])
        depthwise = builder.add(
            DepthwiseConv(
                builder.unique(f"{layer.name}/depthwise"),
                (source,),
                kernel,
                None,
                window.strides,
                window.padding,
                window.dilation,
            )
        )
        filters = layer.integer("filters")
        ones = (1,) * rank
        pointwise = layer.weight("pointwise_kernel", 1, (*ones, kernel.shape[-2] * kernel.shape[-1], filters))
        bias = bias_of(layer, 2, filters)
        no_pads = ((0, 0),) * rank
        result = builder.add(Conv(layer.name, (depthwise,), pointwise, bias, ones, no_pads, ones))
        return add_fused_activation(layer, builder, restore_layout(layer, builder, result))

    return convert


for _rank in (1, 2):
    converts(f"DepthwiseConv{_rank}D")(_depthwise(_rank))
    converts(f"SeparableConv{_rank}D", f"SeparableConvolution{_rank}D")(_separable(_rank))


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
