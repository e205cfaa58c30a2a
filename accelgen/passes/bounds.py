"""Interval arithmetic: the smallest and largest code that each element of each tensor can take.

A bound is a `FixedArray` of shape (2, *shape): the lower ends, then the upper ends. Monotone nodes are
evaluated on their input's ends by the golden model itself; linear ones with their positive and negative
weights apart. Bounds are exact for one layer and safe (never too narrow) for a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np

from accelgen import reference
from accelgen.errors import PrecisionError
from accelgen.ir import (
    Affine,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    EinsumDense,
    Embedding,
    FixedType,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Node,
    Overflow,
    Quantize,
    QuantizeArray,
    Recurrent,
    Relu,
    Softmax,
    Threshold,
    Unary,
)
from accelgen.ir.fixed import Codes, FixedArray, align, cast, hold
from accelgen.ir.grid import fraction_bits, to_fixed
from accelgen.ir.nodes import Shape
from accelgen.ir.recurrent import cell_step


def of_type(kind: FixedType, shape: Shape) -> FixedArray:
    """The bounds of a tensor of which only the type is known."""
    limit = max(-kind.min_code, kind.max_code, 1)
    ends = hold(np.array([kind.min_code, kind.max_code], dtype=object), limit)
    codes = np.broadcast_to(ends.reshape(2, *(1,) * len(shape)), (2, *shape))
    return FixedArray(codes, kind.fraction, limit)


def type_of(bound: FixedArray) -> FixedType:
    """The narrowest type that holds everything within the bounds."""
    low, high = int(bound.codes[0].min()), int(bound.codes[1].max())
    return FixedType.for_range(low, high, bound.fraction)


def _sorted(ends: FixedArray) -> FixedArray:
    first, second = ends.codes
    return ends.with_codes(np.stack([np.minimum(first, second), np.maximum(first, second)]))


def _tight(ends: FixedArray) -> FixedArray:
    """The same bounds with the limit that they prove."""
    limit = max(1, int(np.max(np.abs(ends.codes), initial=1)))
    return FixedArray(hold(ends.codes, limit), ends.fraction, limit)


def bounds(node: Node, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    """The bounds of a node's result of ``shape`` from its inputs' bounds.

    Raises:
        PrecisionError: the node still lacks a type or constants on a grid.
    """
    return _tight(_bounds(node, inputs, shape))


@singledispatch
def _bounds(node: Node, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001 (overloads)
    return reference.apply(node, inputs)


@_bounds.register
def _(node: Input, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    if node.type is None:
        raise PrecisionError(f"the input {node.name!r} has no type yet")
    return of_type(node.type, shape)


def _linear(node: Dense | EinsumDense | Conv | DepthwiseConv, x: FixedArray) -> FixedArray:
    rising = replace(node, weight=np.maximum(node.weight, 0), bias=node.bias)
    falling = replace(node, weight=np.minimum(node.weight, 0), bias=None)
    flipped = x.with_codes(x.codes[::-1])
    (up, down), fraction = align([reference.apply(rising, [x]), reference.apply(falling, [flipped])])
    limit = up.limit + down.limit
    return FixedArray(hold(up.codes, limit) + hold(down.codes, limit), fraction, limit)


@_bounds.register(Dense)
@_bounds.register(EinsumDense)
@_bounds.register(Conv)
@_bounds.register(DepthwiseConv)
def _(
    node: Dense | EinsumDense | Conv | DepthwiseConv,
    inputs: Sequence[FixedArray],
    shape: Shape,  # noqa: ARG001
) -> FixedArray:
    return _linear(node, inputs[0])


@_bounds.register
def _(node: Affine, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    return _sorted(reference.apply(node, inputs))


@_bounds.register
def _(node: Relu, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    ends = reference.apply(node, inputs)
    low, high = _sorted(ends).codes
    around_zero = (inputs[0].codes[0] < 0) & (inputs[0].codes[1] > 0)
    return ends.with_codes(np.stack([np.where(around_zero, np.minimum(low, 0), low), high]))


@_bounds.register
def _(node: Quantize, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    return _cast(inputs[0], node.type, shape)


def _cast(x: FixedArray, kind: FixedType, shape: Shape) -> FixedArray:
    ends = cast(x, kind)
    if kind.overflow in (Overflow.SAT, Overflow.SAT_SYM):
        return ends
    reach = (x.limit >> max(x.fraction - kind.fraction, 0)) + 1 << max(kind.fraction - x.fraction, 0)
    wide = FixedType.for_range(-reach, reach, kind.fraction).with_modes(kind.rounding, Overflow.SAT)
    unwrapped = cast(x, wide)
    inside = (unwrapped.codes[0] >= kind.min_code) & (unwrapped.codes[1] <= kind.max_code)
    return ends.with_codes(np.where(inside, ends.codes, of_type(kind, shape).codes))


@_bounds.register
def _(node: QuantizeArray, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    (x,) = inputs
    ends = reference.apply(node, inputs)
    codes = ends.codes.copy()
    for chosen, kind in node.casts(shape):
        part = _cast(x.with_codes(x.codes[:, chosen]), kind, (int(chosen.sum()),))
        codes[:, chosen] = part.at(ends.fraction).codes
    return ends.with_codes(codes)


@_bounds.register
def _(node: Threshold, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    if node.is_monotone:
        return _sorted(reference.apply(node, inputs))
    return _spread(node.values, shape)


@_bounds.register
def _(node: Lookup, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    codes = inputs[0].at(node.index.fraction).codes
    reachable = np.arange(int(codes.min()), int(codes.max()) + 1) % node.values.size
    result = _spread(node.values[reachable], shape)
    return result.at(max(result.fraction, fraction_bits(node.values)))  # the golden model keeps the table's


def _spread(values: Codes, shape: Shape) -> FixedArray:
    """Bounds of a tensor whose elements may each be any of the values."""
    fixed = to_fixed(np.array([values.min(), values.max()]))
    lowest = to_fixed(values)
    ends = fixed.at(max(fixed.fraction, lowest.fraction))
    return ends.with_codes(np.broadcast_to(ends.codes.reshape(2, *(1,) * len(shape)), (2, *shape)))


@_bounds.register
def _(node: Embedding, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    table = to_fixed(node.table)
    ends = np.stack([table.codes.min(0), table.codes.max(0)])
    return table.with_codes(np.broadcast_to(ends.reshape(2, *(1,) * (len(shape) - 1), -1), (2, *shape)))


@_bounds.register
def _(node: Unary, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    raise PrecisionError(f"layer {node.name!r} ({node.function}) has not been lowered to a table")


@_bounds.register
def _(node: Softmax, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    if node.type is None:
        raise PrecisionError(f"layer {node.name!r} ({type(node).__name__}) has no result type yet")
    return of_type(node.type, shape)


@_bounds.register
def _(node: Recurrent, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    found = {node.cell[0].name: over_steps(inputs[0])}
    for step in node.cell[1:]:
        if isinstance(step, Input):
            found[step.name] = bounds(step, (), step.shape)
    result = cell_step(node, found, bounds_of)[node.result]
    codes = result.codes.reshape(2, *(1,) * (len(shape) + 1 - result.codes.ndim), *result.codes.shape[1:])
    return result.with_codes(np.broadcast_to(codes, (2, *shape)))


def over_steps(x: FixedArray) -> FixedArray:
    """The bounds of any one step of a sequence with the bounds ``x`` (2, steps, n_in)."""
    return x.with_codes(np.stack([x.codes[0].min(0), x.codes[1].max(0)]))


def bounds_of(node: Node, inputs: Sequence[FixedArray]) -> FixedArray:
    """`bounds` for a node whose result's shape follows from its inputs' bounds."""
    shape = node.output_shape(tuple(array.codes.shape[1:] for array in inputs))
    return bounds(node, inputs, shape)


@_bounds.register
def _(node: Merge, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:  # noqa: ARG001
    if node.kind is MergeKind.SUBTRACT:
        flipped = [inputs[0], *(x.with_codes(x.codes[::-1]) for x in inputs[1:])]
        return reference.apply(node, flipped)
    if node.kind is not MergeKind.MULTIPLY:
        return reference.apply(node, inputs)
    result = inputs[0]
    for other in inputs[1:]:
        result = _extremes(node, result, other)
    return result


@_bounds.register
def _(node: Dot, inputs: Sequence[FixedArray], shape: Shape) -> FixedArray:
    first, second = inputs
    ends = [
        array.with_codes(np.broadcast_to(_hull(array.codes), array.codes.shape)) for array in (first, second)
    ]
    length = first.codes.shape[node.axes[0] + 1 if node.axes[0] >= 0 else node.axes[0]]
    product = _extremes(
        Merge(node.name, kind=MergeKind.MULTIPLY),
        *(end.with_codes(end.codes.reshape(2, -1)[:, :1]) for end in ends),
    )
    limit = product.limit * length
    codes = hold(product.codes, limit) * length
    return FixedArray(
        np.broadcast_to(codes.reshape(2, *(1,) * len(shape)), (2, *shape)), product.fraction, limit
    )


def _hull(codes: Codes) -> Codes:
    """One interval that holds every element's interval, (2, 1, 1 ...)."""
    flat = codes.reshape(2, -1)
    return np.array([flat[0].min(), flat[1].max()], dtype=codes.dtype).reshape(2, *(1,) * (codes.ndim - 1))


def _extremes(node: Merge, first: FixedArray, second: FixedArray) -> FixedArray:
    """The bounds of a product: the smallest and largest of the products of the ends."""
    straight = reference.apply(node, [first, second])
    crossed = reference.apply(node, [first, second.with_codes(second.codes[::-1])])
    corners = np.concatenate([straight.codes, crossed.codes])
    return straight.with_codes(np.stack([corners.min(0), corners.max(0)]))
