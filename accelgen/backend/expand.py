"""Convolutions with groups or dilation as plain ones: zeros fill what they leave out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Conv
from accelgen.ir.nodes import Array


def plain_convolution(node: Conv) -> Conv:
    """The same function as a `Conv` of one group and no dilation."""
    weight = undilated(node.weight, node.dilation)
    if node.groups > 1:
        weight = _ungrouped(weight, node.groups)
    return replace(node, weight=weight, dilation=(1,) * len(node.dilation), groups=1)


def undilated(weight: Array, dilation: tuple[int, ...]) -> Array:
    """A kernel with the zeros between its taps."""
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
