"""Absorbs a scale and bias of any sign into the thresholds that follow, exactly.

``x * s + b >= t`` is a comparison of the integer code of ``x`` with one integer; a negative scale turns the
comparison round, so the channel is negated first, and a zero scale makes it always or never true. Source:
Umuroglu and Jahre, "Streamlined Deployment for Quantized Neural Networks" (2017), for the idea; integers
are found by evaluating both neighbours, not by rounding a quotient.
"""

from __future__ import annotations

from math import prod

import numpy as np

from accelgen.ir import Affine, Threshold
from accelgen.ir.fixed import FixedArray
from accelgen.ir.nodes import Array


def per_channel(node: Affine, channels: int) -> tuple[Array, Array] | None:
    """The scale and bias as one number a channel (the last axis), None where they vary along others."""
    constants = []
    for constant in (node.scale, node.bias):
        if prod(constant.shape[:-1]) != 1:
            return None
        constants.append(np.broadcast_to(constant.ravel(), (channels,)))
    return constants[0], constants[1]


def absorb_affine(affine: Affine, node: Threshold, x: FixedArray) -> tuple[Affine | None, Threshold] | None:
    """What replaces ``affine`` and ``node`` for inputs within the bounds ``x``: a change of signs where any
    scale is negative, and thresholds on the grid of ``x``.

    None where the scale varies along other axes than the channels'.
    """
    channels = x.codes.shape[-1]
    constants = per_channel(affine, channels)
    if constants is None or x.limit >= 1 << 50:
        return None
    scale, bias = (constant[:, None] for constant in constants)
    edges = np.broadcast_to(node.thresholds, (channels, node.thresholds.shape[-1]))
    sign = np.where(scale < 0, -1.0, 1.0)
    size = np.abs(scale)

    def reached(codes: Array) -> Array:
        values = np.ldexp(codes, -x.fraction) * size + bias
        return np.asarray(values >= edges if node.inclusive else values > edges)

    beyond = float(x.limit + 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        quotient = np.ldexp((edges - bias) / size, x.fraction)
    guess = np.clip(np.rint(np.nan_to_num(quotient, nan=0.0, posinf=beyond, neginf=-beyond)), -beyond, beyond)
    found = np.full(edges.shape, beyond)
    for offset in (2, 1, 0, -1, -2):
        found = np.where(reached(guess + offset), guess + offset, found)
    always, ever = reached(np.full_like(guess, -beyond)), reached(np.full_like(guess, beyond))
    codes = np.clip(np.where(always, -beyond, np.where(ever, found, beyond)), -beyond, beyond)
    inputs = affine.inputs
    flip = None
    if np.any(sign < 0):
        flip = Affine(affine.name, inputs, sign[:, 0], np.zeros(1))
        inputs = (flip.name,)
    return flip, Threshold(node.name, inputs, np.ldexp(codes, -x.fraction), node.values, inclusive=True)
