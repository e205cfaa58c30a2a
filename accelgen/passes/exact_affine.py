"""Puts real-valued scales and biases on a grid, without changing a single quantized result where possible.

A scale followed by a cast is a monotone step function of the integer that enters it. So a narrower scale
is exact when it gives the same codes on both sides of every step that the real one makes; steps between
which both agree are then equal everywhere. `narrow_affine` finds the narrowest such scale. Codes whose
scaled value lies so near a step that float32, in which the framework computes, could round it to either
side are left out: there the framework itself has no answer, and insisting on one costs multiplier bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from accelgen import real
from accelgen.ir import Affine, Conv, Dense, DepthwiseConv, EinsumDense, Node, Overflow, Quantize, Rounding
from accelgen.ir.fixed import FixedArray, from_real
from accelgen.ir.grid import constant_type, fraction_bits
from accelgen.ir.nodes import Array, Shape
from accelgen.ir.types import FixedType

MAX_SCALE_BITS = 40
"""Beyond this a scale is as good as real: float32, which trained it, has 24."""
FLOAT32_ERROR = 2.0**-23
"""Of a float32 product and sum, relative to the larger term: half a unit in the last place each."""
MAX_STEPS = 1 << 22
"""More steps than this are not checked one by one; the scale then gets `MAX_SCALE_BITS`."""
OUTPUT_BITS = 22
"""Of a scaled result that nothing casts: its grid is at most 2**-22 of its range."""
PLAIN_WIDTH = 10
"""Scales that already fit this many bits are left as they are."""


def on_grid(node: Affine) -> bool:
    """Whether the scale and bias are few-bit constants already."""
    return (
        constant_type(node.scale).width <= PLAIN_WIDTH and constant_type(node.bias).width <= 2 * PLAIN_WIDTH
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """The distinct (scale, bias) pairs of an affine, each with the range of codes that reach it."""

    scale: Array
    bias: Array
    low: Array
    high: Array
    fraction: int
    which: npt.NDArray[np.int64]
    shape: Shape

    def spread(self, values: Array, like: Array) -> Array:
        """One value a row laid out as ``like`` was, or over the whole shape where rows now differ more."""
        full = values[self.which].reshape(self.shape)
        sizes: Shape = (1,) * (len(self.shape) - like.ndim) + like.shape
        index = tuple(slice(None) if size > 1 else slice(0, 1) for size in sizes)
        compact = full[index]
        return compact if np.array_equal(np.broadcast_to(compact, self.shape), full) else _least(full)


def _least(full: Array) -> Array:
    """The array with every axis along which it does not vary cut to one element."""
    for axis in range(full.ndim):
        first = full.take([0], axis)
        if np.array_equal(np.broadcast_to(first, full.shape), full):
            full = first
    return full


def _rows(node: Affine, x: FixedArray) -> _Rows:
    shape = x.codes.shape[1:]
    pairs = np.stack([np.broadcast_to(a, shape).ravel() for a in (node.scale, node.bias)], -1)
    unique, which = np.unique(pairs, axis=0, return_inverse=True)
    which = which.reshape(-1)
    low, high = np.full(len(unique), np.inf), np.full(len(unique), -np.inf)
    np.minimum.at(low, which, x.codes[0].astype(np.float64).ravel())
    np.maximum.at(high, which, x.codes[1].astype(np.float64).ravel())
    return _Rows(unique[:, 0], unique[:, 1], low, high, x.fraction, which, shape)


@dataclass(frozen=True, eq=False)
class _Steps:
    """Where the cast result of each row changes: between the codes ``outside`` and ``inside`` of ``row``.

    ``edge`` is the scaled value at which it does: inside is at or above it, outside at or below.
    """

    row: npt.NDArray[np.int64]
    edge: Array
    inside: Array
    outside: Array


def narrow_affine(node: Affine, x: FixedArray, chain: Sequence[Node]) -> Affine | None:
    """The narrowest scale and bias with which ``chain`` gives the same codes for every input within ``x``.

    ``chain`` is the monotone nodes that follow, the last a `Quantize`. None where the steps are too many to
    check, or the cast may wrap.
    """
    final = chain[-1]
    assert isinstance(final, Quantize)
    if x.limit >= 1 << 50:
        return None
    rows = _rows(node, x)

    def scaled(codes: Array, scale: Array, bias: Array) -> Array:
        return np.ldexp(codes, -rows.fraction) * scale + bias

    def result(values: Array) -> Array:
        for step in chain[:-1]:
            values = real.apply(step, [values])
        return np.asarray(from_real(values, _saturating(final.type)).codes, np.float64)

    if final.type.overflow is Overflow.WRAP and _wraps(rows, chain, scaled):
        return None
    steps = _find_steps(
        rows, final.type, lambda row, codes: result(scaled(codes, rows.scale[row], rows.bias[row]))
    )
    if steps is None:
        return None
    ends = np.arange(rows.scale.size)
    which = np.concatenate([steps.row, steps.row, ends, ends])
    codes = np.concatenate([steps.inside, steps.outside, rows.low, rows.high])
    wanted = result(scaled(codes, rows.scale[which], rows.bias[which]))

    def attempt(bits: int) -> Affine | None:
        fraction = bits - _exponent(rows.scale)
        scale = _round_to(rows.scale, fraction)
        bias = _fitting_bias(rows, steps, scale, max(fraction + rows.fraction, 0))
        if not np.array_equal(result(scaled(codes, scale[which], bias[which])), wanted):
            return None
        return replace(node, scale=rows.spread(scale, node.scale), bias=rows.spread(bias, node.bias))

    return _narrowest(attempt)


def _fitting_bias(rows: _Rows, steps: _Steps, scale: Array, fraction: int) -> Array:
    """For each row a bias on the grid that keeps every step where it is, given the rounded scale.

    Each step confines the bias to an interval; the rounded real bias serves where it lies in all of them,
    else the middle of what they have in common (if that is empty, the caller's check finds out).
    """
    low, high = np.full(scale.shape, -np.inf), np.full(scale.shape, np.inf)
    factor = np.ldexp(scale[steps.row], -rows.fraction)
    np.maximum.at(low, steps.row, steps.edge - factor * steps.inside)
    np.minimum.at(high, steps.row, steps.edge - factor * steps.outside)
    rounded = _round_to(rows.bias, fraction)
    stepping = np.isfinite(low)
    middle = rounded.copy()
    middle[stepping] = (low[stepping] + high[stepping]) / 2
    return np.where((low < rounded) & (rounded < high), rounded, _round_to(middle, fraction))


def _narrowest(attempt: Callable[[int], Affine | None]) -> Affine | None:
    """The result of the smallest bit count that succeeds, found by bisection (more bits hardly ever fail)."""
    best = attempt(MAX_SCALE_BITS)
    if best is None:
        return None
    low, high = 1, MAX_SCALE_BITS
    while high - low > 1:
        middle = (low + high) // 2
        candidate = attempt(middle)
        if candidate is None:
            low = middle
        else:
            best, high = candidate, middle
    return best


def _wraps(rows: _Rows, chain: Sequence[Node], exact: Callable[[Array, Array, Array], Array]) -> bool:
    final = chain[-1]
    assert isinstance(final, Quantize)
    ends = np.stack([exact(end, rows.scale, rows.bias) for end in (rows.low, rows.high)])
    for step in chain[:-1]:
        ends = real.apply(step, [ends])
    return bool(np.any(ends < final.type.min) or np.any(ends > final.type.max))


def _saturating(kind: FixedType) -> FixedType:
    return kind.with_modes(kind.rounding, Overflow.SAT) if kind.overflow is Overflow.WRAP else kind


def _find_steps(
    rows: _Rows, kind: FixedType, result: Callable[[npt.NDArray[np.int64], Array], Array]
) -> _Steps | None:
    """Every step of every row's cast result; None where they are too many, or not where they should be."""
    every = np.arange(rows.scale.size)
    first, last = result(every, rows.low), result(every, rows.high)
    counts = np.abs(last - first).astype(np.int64)
    total = int(counts.sum())
    if total > MAX_STEPS:
        return None
    row = np.repeat(every, counts)
    level = (
        np.minimum(first, last)[row] + 1 + np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    )
    floors = kind.rounding in (Rounding.TRN, Rounding.TRN_ZERO)
    edge = np.ldexp(level if floors else level - 0.5, -kind.fraction)
    crossing = np.rint(np.ldexp((edge - rows.bias[row]) / rows.scale[row], rows.fraction))
    direction = np.sign(rows.scale[row])
    inside = np.full(total, np.nan)
    for offset in (2, 1, 0, -1, -2):
        code = crossing + offset * direction
        inside = np.where(result(row, code) >= level, code, inside)
    outside = inside - direction
    if np.isnan(inside).any() or np.any(result(row, outside) >= level):
        return None
    return _beyond_float32(rows, _Steps(row, edge, inside, outside))


def _beyond_float32(rows: _Rows, steps: _Steps) -> _Steps:
    """The steps with both codes moved to where float32 tells on which side of the edge they are."""
    scale, bias = rows.scale[steps.row], rows.bias[steps.row]
    per_code = np.ldexp(scale, -rows.fraction)
    doubt = FLOAT32_ERROR * np.maximum(np.abs(steps.edge - bias), np.abs(bias))
    sides = []
    for codes, sign in ((steps.inside, 1.0), (steps.outside, -1.0)):
        distance = sign * (codes * per_code + bias - steps.edge)
        moved = np.maximum(np.ceil((doubt - distance) / np.abs(per_code)), 0) * sign * np.sign(scale)
        sides.append(np.clip(codes + moved, rows.low[steps.row], rows.high[steps.row]))
    return _Steps(steps.row, steps.edge, *sides)


def _exponent(values: Array) -> int:
    """The exponent of the largest magnitude: 0.75 has 0, 1.5 has 1."""
    return int(np.frexp(np.max(np.abs(values), initial=2.0**-200))[1])


def _round_to(values: Array, fraction: int) -> Array:
    return np.asarray(np.ldexp(np.rint(np.ldexp(values, fraction)), -fraction))


def scale_for_output(node: Affine, x: FixedArray) -> tuple[Affine, FixedType]:
    """An affine that nothing casts, with an error below 2**-OUTPUT_BITS of its range.

    Returns the node and the type, with rounding, that its result should be cast to.
    """
    values = real.apply(node, [x.values])
    low, high = float(values.min()), float(values.max())
    span = max(-low, high, 2.0**-200)
    grid = OUTPUT_BITS - _exponent(np.array([span]))
    reach = _exponent(np.array([max(float(np.max(np.abs(x.values))), 2.0**-200)]))
    scale_fraction = min(max(grid + reach + 1, 0), fraction_bits(node.scale))
    bias_fraction = min(max(grid + 1, 0), fraction_bits(node.bias))
    rounded = replace(
        node, scale=_round_to(node.scale, scale_fraction), bias=_round_to(node.bias, bias_fraction)
    )
    bits = [int(np.floor(np.ldexp(end, grid))) + margin for end, margin in ((low, -2), (high, 2))]
    kind = FixedType.for_range(bits[0] if low < 0 else 0, max(bits[1], 1), grid)
    return rounded, kind.with_modes(Rounding.RND_CONV, Overflow.SAT)


def narrow_bias(
    node: Dense | EinsumDense | Conv | DepthwiseConv, x: FixedArray, kind: FixedType | None
) -> Dense | EinsumDense | Conv | DepthwiseConv:
    """The node with its bias on the grid of its products, half a step finer, where a cast follows.

    Sums of products lie on the grid ``2**-f``; so do the cast's steps, for a fine enough ``f``. Then only
    the bias's floor on that grid and whether anything is left over can decide on which side of a step a
    result falls: rounding it down to the grid and adding half a step, if anything was left, changes no code.
    Where no cast follows (``kind`` None) the bias is rounded to 8 bits below the products' grid.
    """
    if node.bias is None:
        return node
    products = x.fraction + fraction_bits(node.weight)
    own = fraction_bits(node.bias)
    if kind is None:
        fraction = max(products, 0) + 8
        return (
            node if own <= max(fraction, 24) else replace(node, bias=_round_to(node.bias, max(fraction, 24)))
        )
    fraction = max(products, kind.fraction + 1)
    if own <= fraction + 1:
        return node
    scaled = np.ldexp(node.bias, fraction)
    floor = np.floor(scaled)
    return replace(node, bias=np.ldexp(floor + 0.5 * (scaled != floor), -fraction))
