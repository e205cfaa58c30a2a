"""Lowering to hls4ml's own kernels, those whose arithmetic is exact when every type is given.

Checked in the sources of hls4ml 1.3: dense, convolution and batch normalization keep their sums in
``accum_t`` and cast once, to the result type; ``linear`` casts its input. A product may wrap
in ``accum_t``: the sum is right modulo its width, and the sum fits.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from accelgen.backend.expand import plain_convolution
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Affine, Conv, Dense, DepthwiseConv, FixedType, Input, Quantize
from accelgen.ir.grid import constant_type
from accelgen.ir.nodes import Array, Node, Pads, Shape

_AXES = ("height", "width")
_SIDES = (("top", "bottom"), ("left", "right"))


@lowers(Input)
def lower_input(node: Input, context: Context) -> list[HlsLayer]:
    """The network's input ports."""
    return [context.layer("InputLayer", node, input_shape=list(node.shape))]


@lowers(Dense, fuses=True)
def lower_dense(node: Dense, context: Context) -> list[HlsLayer]:
    """A dense layer; a 1 x 1 convolution where it repeats over positions."""
    shape = context.shape(node.inputs[0])
    n_in, n_out = node.weight.shape
    if len(shape) == 1:
        return [
            context.layer(
                "Dense", node, linear_types(node, context), n_in=n_in, n_out=n_out, **_linear_data(node)
            )
        ]
    rank = len(shape) - 1
    weight = node.weight.reshape(*(1,) * rank, n_in, n_out)
    return lower_convolution(
        Conv(node.name, node.inputs, weight, node.bias, (1,) * rank, ((0, 0),) * rank, (1,) * rank), context
    )


def linear_types(node: Dense | Conv, context: Context) -> dict[str, FixedType]:
    """The narrowest types of a layer's constants, and its exact result's as the accumulator's."""
    return {
        "weight": constant_type(node.weight),
        "bias": constant_type(_bias(node)),
        "accum": context.type(node.name),
    }


def _linear_data(node: Dense | Conv) -> dict[str, Any]:
    return {"weight_data": node.weight, "bias_data": _bias(node)}


def _bias(node: Dense | Conv) -> Array:
    return np.zeros(node.weight.shape[-1]) if node.bias is None else node.bias


@lowers(Conv, DepthwiseConv, fuses=True)
def lower_convolution(node: Conv | DepthwiseConv, context: Context) -> list[HlsLayer]:
    """A convolution, with groups, dilation and depthwise weights written out as zeros.

    In io_stream hls4ml's kernels do not pad, and ignore the vertical stride of a kernel of one row (of more
    than one column): a layer of zeros goes before, a row of zero weights below.
    """
    conv = plain_convolution(node)
    layers: list[HlsLayer] = []
    source = context.shape(node.inputs[0])
    inputs = context.inputs(node)
    padding = conv.padding
    if context.stream:
        kernel = conv.weight.shape[:-2]
        if len(kernel) == 2 and kernel[0] == 1 and kernel[1] > 1 and conv.strides[0] > 1:
            conv, padding = _with_zero_row(conv)
        if any(pad for pair in padding for pad in pair):
            layers.append(zero_padding(node, context, padding))
            inputs = (layers[0].name,)
            source = (*(s + sum(pads) for s, pads in zip(source, padding, strict=False)), source[-1])
            padding = ((0, 0),) * len(padding)
    rank = len(padding)
    layers.append(
        context.layer(
            f"Conv{rank}D",
            node,
            linear_types(conv, context),
            inputs,
            n_chan=source[-1],
            n_filt=conv.weight.shape[-1],
            data_format="channels_last",
            **_per_axis("in_{}", source),
            **_per_axis("out_{}", context.shape(node.name)),
            **_per_axis("filt_{}", conv.weight.shape[:-1]),
            **_per_axis("stride_{}", (*conv.strides, 0)),
            **_pads(padding),
            **_linear_data(conv),
        )
    )
    return layers


def _with_zero_row(conv: Conv) -> tuple[Conv, Pads]:
    weight = np.concatenate([conv.weight, np.zeros_like(conv.weight)])
    (top, bottom), columns = conv.padding
    padding = ((top, bottom + 1), columns)
    return Conv(conv.name, conv.inputs, weight, conv.bias, conv.strides, padding, conv.dilation), padding


def _per_axis(pattern: str, shape: Shape) -> dict[str, Any]:
    """Attributes of the spatial axes of a channels-last shape: height and width, or width alone."""
    spatial = shape[:-1]
    return {pattern.format(axis): size for axis, size in zip(_AXES[-len(spatial) :], spatial, strict=True)}


def _pads(padding: Pads) -> dict[str, Any]:
    sides = _SIDES[-len(padding) :]
    return {
        f"pad_{side}": pad
        for pair, names in zip(padding, sides, strict=True)
        for side, pad in zip(names, pair, strict=True)
    }


def zero_padding(node: Node, context: Context, padding: Pads) -> HlsLayer:
    """A step that puts zeros around the spatial axes of the node's input."""
    shape = context.shape(node.inputs[0])
    padded = (*(size + sum(pads) for size, pads in zip(shape, padding, strict=False)), shape[-1])
    return HlsLayer(
        f"ZeroPadding{len(padding)}D",
        context.step_name(node, "pad"),
        context.inputs(node),
        {"result": context.input_types(node)[0]},
        {
            "n_chan": shape[-1],
            "data_format": "channels_last",
            **_per_axis("in_{}", shape),
            **_per_axis("out_{}", padded),
            **_pads(padding),
        },
    )


@lowers(Affine, fuses=True)
def lower_affine(node: Affine, context: Context) -> list[HlsLayer]:
    """A scale and a bias, per channel where all positions share them, else per element."""
    types, attributes = affine_attributes(node, context.shape(node.name))
    return [context.layer("BatchNormalization", node, types, **attributes)]


def affine_attributes(node: Affine, shape: Shape) -> tuple[dict[str, FixedType], dict[str, Any]]:
    """Types and attributes of hls4ml's BatchNormalization for an affine on ``shape``."""
    rank = len(shape)
    constants = [c.reshape((1,) * (rank - c.ndim) + c.shape) for c in (node.scale, node.bias)]
    per_channel = all(prod(c.shape[:-1]) == 1 for c in constants)
    size = shape[-1:] if per_channel else shape
    scale, bias = (
        np.broadcast_to(c.reshape(c.shape[-1:]) if per_channel else c, size).ravel() for c in constants
    )
    attributes = {
        "n_in": prod(shape),
        "n_filt": shape[-1] if per_channel else -1,
        "scale_data": scale,
        "bias_data": bias,
    }
    return {"scale": constant_type(scale), "bias": constant_type(bias)}, attributes


@lowers(Quantize)
def lower_quantize(node: Quantize, context: Context) -> list[HlsLayer]:
    """A cast that no kernel before it performs."""
    return [activation(node, context, "linear", node.type)]


def activation(node: Node, context: Context, function: str, result: FixedType, **extra: Any) -> HlsLayer:
    """One of hls4ml's activations without parameters."""
    layer = context.layer(
        "Activation", node, n_in=prod(context.shape(node.name)), activation=function, **extra
    )
    return HlsLayer(
        layer.class_name,
        layer.name,
        layer.inputs,
        {"result": result},
        layer.attributes,
        layer.design,
        layer.node,
    )
