"""Element-wise functions of several inputs with broadcasting, and concatenation (accelgen_merge.h)."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from accelgen.backend.kernels.config import constants
from accelgen.backend.kernels.elementwise import sharing
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.design.kernels import BROADCAST_AXES, broadcast_loops
from accelgen.ir import Concatenate, FixedType, Merge, MergeKind, Node
from accelgen.ir.nodes import Shape
from accelgen.passes.bounds import bounds, of_type, type_of

HEADER = "accelgen_merge.h"

_FUNCTIONS = {
    MergeKind.ADD: "add",
    MergeKind.SUBTRACT: "subtract",
    MergeKind.MULTIPLY: "multiply",
    MergeKind.MAXIMUM: "larger_of",
    MergeKind.MINIMUM: "smaller_of",
}


@lowers(Merge, fuses=True)
def lower_merge(node: Merge, context: Context) -> list[HlsLayer]:
    """Inputs combined two at a time, exactly on the way."""
    layers: list[HlsLayer] = []
    names, kinds = context.inputs(node), context.input_types(node)
    name, kind, shape = names[0], kinds[0], context.shape(node.inputs[0])
    for position, source in enumerate(node.inputs[1:], start=1):
        other = context.shape(source)
        result = np.broadcast_shapes(shape, other)
        ends = [of_type(kind, shape), of_type(kinds[position], other)]
        kind = type_of(bounds(Merge(node.name, node.inputs[:2], node.kind), ends, result))
        members = _broadcast(node, context, result, shape, other)
        inputs = (name, names[position])
        layers.append(_layer(node, context, position, inputs, kind, "merge", result, members, node.kind))
        name, shape = layers[-1].name, result
    return layers


def _layer(
    node: Node,
    context: Context,
    position: int,
    inputs: tuple[str, ...],
    kind: FixedType,
    function: str,
    shape: Shape,
    members: str,
    operation: MergeKind | None = None,
) -> HlsLayer:
    base = "" if operation is None else _FUNCTIONS[operation]
    products = prod(shape) if operation is MergeKind.MULTIPLY else 0
    attributes = call(HEADER, function, shape, members, base=base, multiplications=products)
    if position == len(node.inputs) - 1:
        return context.layer("AccelgenKernel", node, inputs=inputs, **attributes)
    layer = context.layer("AccelgenKernel", node, {"result": kind}, inputs, **attributes)
    return layer.as_step(context.step_name(node, f"merge{position}"))


def _broadcast(node: Merge, context: Context, shape: Shape, first: Shape, second: Shape) -> str:
    sizes, strides = broadcast_loops(shape, (first, second))
    pad = BROADCAST_AXES - len(sizes)
    at_once = shape[-1] if context.stream else prod(shape)
    shared = node.kind is MergeKind.MULTIPLY
    members = constants(n_a=prod(first), n_b=prod(second))
    members += constants(
        **sharing(node, context, at_once) if shared else {"reuse_factor": 1, "multiplier_limit": at_once}
    )
    members += constants(**{f"d{axis}": size for axis, size in enumerate([*[1] * pad, *sizes])})
    for name, operand, steps in zip("ab", (first, second), strides, strict=True):
        members += constants(**{f"{name}{axis}": step for axis, step in enumerate([*[0] * pad, *steps])})
        members += constants(**{f"{name}_in_step": prod(operand[:-1]) == prod(shape[:-1])})
    return members


@lowers(Concatenate, fuses=True)
def lower_concatenate(node: Concatenate, context: Context) -> list[HlsLayer]:
    """Inputs joined two at a time along any axis."""
    rank = len(context.shape(node.name))
    axis = node.axis % rank
    function = "concatenate"
    if context.stream:
        function = "concatenate_packs" if axis == rank - 1 else "concatenate_rows"
    layers: list[HlsLayer] = []
    names = context.inputs(node)
    name, shape = names[0], context.shape(node.inputs[0])
    for position, source in enumerate(node.inputs[1:], start=1):
        other = context.shape(source)
        outer = prod(shape[:axis])
        members = constants(n_outer=outer, n_a=prod(shape[axis:]), n_b=prod(other[axis:]))
        joined = (*shape[:axis], shape[axis] + other[axis], *shape[axis + 1 :])
        inputs = (name, names[position])
        kind = context.type(node.name)
        layer = _layer(node, context, position, inputs, kind, function, joined, members)
        layers.append(replace(layer, attributes={**layer.attributes, "n_outer": outer}))
        name, shape = layers[-1].name, joined
    return layers
