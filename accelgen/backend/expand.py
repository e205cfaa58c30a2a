"""Convolutions with groups, dilation or depthwise weights as plain ones: zeros fill what they leave out."""

from __future__ import annotations

import numpy as np

from accelgen.ir import Conv, DepthwiseConv
from accelgen.ir.nodes import Array


def plain_convolution(node: Conv | DepthwiseConv) -> Conv:
    """The same function as a `Conv` of one group and no dilation."""
    weight = _undilated(node.weight, node.dilation)
    if isinstance(node, DepthwiseConv):
        *kernel, channels, multiplier = weight.shape
        full = np.zeros((*kernel, channels, channels, multiplier))
        index = np.arange(channels)
        full[..., index, index, :] = weight
        weight = full.reshape(*kernel, channels, channels * multiplier)
    elif node.groups > 1:
        weight = _ungrouped(weight, node.groups)
    return Conv(
        node.name, node.inputs, weight, node.bias, node.strides, node.padding, (1,) * len(node.dilation)
    )


def _undilated(weight: Array, dilation: tuple[int, ...]) -> Array:
    if max(dilation) == 1:
        return weight
    kernel = weight.shape[: len(dilation)]
    spans = [(taps - 1) * step + 1 for taps, step in zip(kernel, dilation, strict=True)]
    full = np.zeros((*spans, *weight.shape[len(dilation) :]))
    full[tuple(slice(None, None, step) for step in dilation)] = weight
    return full


def _ungrouped(weight: Array, groups: int) -> Array:
    *kernel, n_in, n_out = weight.shape
    full = np.zeros((*kernel, n_in * groups, n_out))
    share = n_out // groups
    for group in range(groups):
        outputs = slice(group * share, (group + 1) * share)
        full[..., group * n_in : (group + 1) * n_in, outputs] = weight[..., outputs]
    return full
