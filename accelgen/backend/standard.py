"""Lowering to hls4ml's own kernels, those whose arithmetic is exact when every type is given.

Checked in the sources of hls4ml 1.3: dense, convolution and batch normalization keep their sums in
``accum_t`` and cast once, to the result type; ``linear`` casts its input. A product may wrap
in ``accum_t``: the sum is right modulo its width, and the sum fits.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from accelgen.backend.expand import plain_convolution, undilated
from accelgen.backend.kernels.gather import gather_step, repeated
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
    """A dense layer; a 1 x 1 convolution where it repeats over positions.

    Positions along more than two axes become one axis, since hls4ml's convolutions have one or two.
    """
    *positions, n_in = context.shape(node.inputs[0])
    if len(positions) in (1, 2):
        ones = (1,) * len(positions)
        weight = node.weight.reshape(*ones, *node.weight.shape)
        conv = Conv(node.name, node.inputs, weight, node.bias, ones, ((0, 0),) * len(ones), ones)
        return lower_convolution(conv, context)
    types = linear_types(node, context)
    if not positions:
        size = {"n_in": n_in, "n_out": node.weight.shape[1]}
        return [context.layer("Dense", node, types, **size, **_linear_data(node))]
    rows = prod(positions)
    attributes = pointwise(node, rows)
    if context.stream:
        return [context.layer("Conv1D", node, types, **attributes)]
    view = HlsLayer(
        "Reshape",
        context.step_name(node, "rows"),
        context.inputs(node),
        {"result": context.input_types(node)[0]},
        {"target_shape": [rows, n_in]},
    )
    return [view, context.layer("Conv1D", node, types, (view.name,), **attributes)]


def pointwise(node: Dense, positions: int) -> dict[str, Any]:
    """The attributes of a Conv1D that applies a dense layer at every one of ``positions``."""
    n_in, n_out = node.weight.shape
    return {
        "in_width": positions,
        "out_width": positions,
        "n_chan": n_in,
        "n_filt": n_out,
        "filt_width": 1,
        "stride_width": 1,
        "pad_left": 0,
        "pad_right": 0,
        "data_format": "channels_last",
        "weight_data": node.weight[None],
        "bias_data": _bias(node),
    }


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


@lowers(Conv, fuses=True)
def lower_convolution(node: Conv, context: Context) -> list[HlsLayer]:
    """A convolution, with groups and dilation written out as zeros.

    hls4ml's line buffer ignores the vertical stride of a kernel of one row, but not for a kernel of one
    column too, which has a function of its own.
    """
    conv = plain_convolution(node)
    kernel = conv.weight.shape[:-2]
    rows = len(kernel) == 2 and kernel[0] == 1 and kernel[1] > 1 and conv.strides[0] > 1
    if context.stream and rows:
        conv = _with_zero_row(conv)
    shape = context.shape(node.inputs[0])
    window, layers = _window(node, conv, context, shape, context.inputs(node))
    types, data = linear_types(conv, context), _linear_data(conv)
    inputs = (layers[-1].name,) if layers else None
    return [*layers, context.layer(f"Conv{len(kernel)}D", node, types, inputs, **window, **data)]


@lowers(DepthwiseConv, fuses=True)
def lower_depthwise_convolution(node: DepthwiseConv, context: Context) -> list[HlsLayer]:
    """A depthwise convolution with one kernel a channel, channels repeated where there are more.

    hls4ml's kernels take one kernel a channel, and its line buffer at least two rows.
    """
    weight = undilated(node.weight, node.dilation)
    *kernel, channels, multiplier = weight.shape
    weight = weight.reshape(*kernel, channels * multiplier, 1)
    conv = Conv(node.name, node.inputs, weight, node.bias, node.strides, node.padding)
    if context.stream and len(kernel) == 2 and kernel[0] == 1:
        conv = _with_zero_row(conv)
    shape = context.shape(node.inputs[0])
    inputs = context.inputs(node)
    layers: list[HlsLayer] = []
    if multiplier > 1:
        moves = repeated(shape, (*(1,) * len(kernel), multiplier))
        shape = moves.shape
        kind = context.input_types(node)[0]
        layers.append(gather_step(node, context, "repeat", inputs[0], moves, shape, kind))
        inputs = (layers[0].name,)
    bias = np.zeros(shape[-1]) if node.bias is None else node.bias
    types = {**linear_types(conv, context), "bias": constant_type(bias)}
    window, padding = _window(node, conv, context, shape, inputs)
    layers += padding
    data = {"depthwise_data": conv.weight, "bias_data": bias, "depth_multiplier": 1, "n_filt": shape[-1]}
    last = (layers[-1].name,) if layers else None
    kind_name = f"DepthwiseConv{len(kernel)}D"
    return [*layers, context.layer(kind_name, node, types, last, **{**window, **data})]


def _with_zero_row(conv: Conv) -> Conv:
    weight = np.concatenate([conv.weight, np.zeros_like(conv.weight)])
    (top, bottom), columns = conv.padding
    return replace(conv, weight=weight, padding=((top, bottom + 1), columns))


def _window(
    node: Node, conv: Conv, context: Context, shape: Shape, inputs: tuple[str, ...]
) -> tuple[dict[str, Any], list[HlsLayer]]:
    """The attributes of a convolution's geometry, and the layer that pads before it in io_stream.

    hls4ml's line buffers do not pad.
    """
    padding = conv.padding
    layers: list[HlsLayer] = []
    if context.stream and any(pad for pair in padding for pad in pair):
        layers.append(_zero_padding(node, context, shape, inputs, padding))
        shape = (*(size + sum(pads) for size, pads in zip(shape, padding, strict=False)), shape[-1])
        padding = ((0, 0),) * len(padding)
    attributes = {
        "n_chan": shape[-1],
        "n_filt": conv.weight.shape[-1],
        "data_format": "channels_last",
        **_per_axis("in_{}", shape),
        **_per_axis("out_{}", context.shape(node.name)),
        **_per_axis("filt_{}", conv.weight.shape[:-1]),
        **_per_axis("stride_{}", (*conv.strides, 0)),
        **_pads(padding),
    }
    return attributes, layers


def _zero_padding(
    node: Node, context: Context, shape: Shape, inputs: tuple[str, ...], padding: Pads
) -> HlsLayer:
    padded = (*(size + sum(pads) for size, pads in zip(shape, padding, strict=False)), shape[-1])
    return HlsLayer(
        f"ZeroPadding{len(padding)}D",
        context.step_name(node, "pad"),
        inputs,
        {"result": context.input_types(node)[0]},
        {
            "n_chan": shape[-1],
            "data_format": "channels_last",
            **_per_axis("in_{}", shape),
            **_per_axis("out_{}", padded),
            **_pads(padding),
        },
    )


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
    return [context.layer("Activation", node, n_in=prod(context.shape(node.name)), activation="linear")]
