"""Rectifiers with slopes and bounds, and clipping (accelgen_relu.h)."""

from __future__ import annotations

import numpy as np

from accelgen.backend.kernels.config import table, typedef
from accelgen.backend.kernels.elementwise import Period, elementwise
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Clip, FixedType, Node, Relu
from accelgen.ir.fixed import FixedArray
from accelgen.ir.grid import constant_type, to_fixed
from accelgen.passes.bounds import bounds, of_type, type_of

HEADER = "accelgen_relu.h"


@lowers(Relu, fuses=True)
def lower_relu(node: Relu, context: Context) -> list[HlsLayer]:
    """A slope below 0, if any, then a bound above; a plain rectifier with a bound is a clip."""
    sloped = bool(np.any(node.negative_slope))
    if node.upper is None:
        return [_leaky(node, context) if sloped else elementwise(node, context, HEADER, "relu", "")]
    if not sloped:
        return [_clip(node, context, 0.0, node.upper)]
    unbounded = Relu(node.name, node.inputs, node.negative_slope)
    shape = context.shape(node.name)
    (x,) = context.input_types(node)
    kind = type_of(bounds(unbounded, [of_type(x, shape)], shape))
    below = _leaky(node, context, step="slope", result=kind)
    return [below, _clip(node, context, kind.min, node.upper, inputs=(below.name,))]


@lowers(Clip, fuses=True)
def lower_clip(node: Clip, context: Context) -> list[HlsLayer]:
    """Two bounds."""
    return [_clip(node, context, node.low, node.high)]


def _leaky(
    node: Relu, context: Context, step: str | None = None, result: FixedType | None = None
) -> HlsLayer:
    slope = to_fixed(node.negative_slope)
    period = Period.of(context.shape(node.name), node.negative_slope)
    members = typedef("slope_t", constant_type(node.negative_slope))
    members += period.table("slope", slope.codes, context)
    return elementwise(
        node,
        context,
        HEADER,
        "leaky_relu",
        members,
        period=period,
        multiplies=True,
        step=step,
        result=result,
    )


def _clip(
    node: Node, context: Context, low: float, high: float, inputs: tuple[str, ...] | None = None
) -> HlsLayer:
    members = ""
    for name, bound in (("low", low), ("high", high)):
        fixed: FixedArray = to_fixed(np.array([bound]))
        members += typedef(f"{name}_t", constant_type(np.array([bound])))
        members += table(name, fixed.codes.tolist())
    return elementwise(node, context, HEADER, "clip", members, inputs=inputs)
