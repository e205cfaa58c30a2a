"""Linear layers with scales in their weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Conv, Dense, DepthwiseConv, EinsumDense
from accelgen.ir.few_bits import MAX_LEVEL_BITS, weight_bits
from accelgen.ir.nodes import Array

Linear = Dense | EinsumDense | Conv | DepthwiseConv


def no_wider(changed: Linear, layer: Linear) -> bool:
    """Whether the weights of ``changed`` are few bits, or no more than the ``layer``'s."""
    return weight_bits(changed.weight) <= max(weight_bits(layer.weight), MAX_LEVEL_BITS)


def scaled_results(layer: Linear, scale: Array) -> Linear | None:
    """The layer with the weights of each result channel times its ``scale`` (n_channels,); the bias stays.

    None where an `EinsumDense` has no axis of weights for its result's channels.
    """
    match layer:
        case DepthwiseConv():
            factors = scale.reshape(layer.weight.shape[-2:])
        case EinsumDense():
            weight, result = layer.equation.split(",")[1].split("->")
            if "." in weight or result[-1:] not in weight:
                return None
            factors = scale.reshape([-1 if letter == result[-1] else 1 for letter in weight])
        case _:
            factors = scale
    return replace(layer, weight=layer.weight * factors)


def scaled_inputs(layer: Dense | Conv | DepthwiseConv, scale: Array) -> Dense | Conv | DepthwiseConv:
    """The layer with the weights of each input channel times its ``scale``, (n_channels,)."""
    if isinstance(layer, Dense | DepthwiseConv):
        return replace(layer, weight=layer.weight * scale[:, None])
    n_out = layer.weight.shape[-1]
    by_group = scale.reshape(layer.groups, -1).T  # (n_in / groups, groups)
    return replace(layer, weight=layer.weight * np.repeat(by_group, n_out // layer.groups, -1))
