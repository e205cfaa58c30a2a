"""Lowers real functions (sigmoid, tanh ...) to tables over every code of their input, or to thresholds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.errors import UnsupportedError
from accelgen.ir import (
    FixedType,
    Lookup,
    Network,
    Node,
    Overflow,
    Quantize,
    QuantizeArray,
    Rounding,
    Unary,
)
from accelgen.ir.fixed import FixedArray, from_real
from accelgen.ir.functions import FUNCTIONS, evaluate
from accelgen.ir.nodes import Array
from accelgen.passes.adopt_input_types import integer_bits, type_around
from accelgen.passes.bounds import type_of
from accelgen.passes.exact_threshold import Steps, find_steps

TABLE_BITS = 14
"""The widest input looked up as it is (16,384 entries)."""
COARSE_BITS = 12
"""The index of a table whose input is wider than `TABLE_BITS`."""
THRESHOLD_LEVELS = 255
"""Up to this many result codes a rising function of a wide input becomes exact thresholds."""
RESULT_BITS = 16
"""Of a function's result that neither the network nor the user types."""


def lower_unary(node: Unary, x: FixedArray, cast_to: FixedType | None) -> tuple[list[Node], str | None]:
    """The nodes that replace ``node`` for inputs within the bounds ``x``, and a note where that is not exact.

    The result is typed by ``node.type``, else by the cast that alone follows (``cast_to``), else by 16 bits
    over the function's range. Exact (the nearest code of the result for every input) where the input has at
    most `TABLE_BITS` bits, or where few result codes and a rising function allow thresholds. Otherwise the
    input is first rounded to `COARSE_BITS` bits, and the note says what that can cost.

    Raises:
        UnsupportedError: the function is unknown.
    """
    if node.function not in FUNCTIONS:
        raise UnsupportedError(
            f"layer {node.name!r}: no function {node.function!r}; there are {', '.join(sorted(FUNCTIONS))}"
        )
    index = type_of(x)
    kind = node.type or cast_to or _result_type(node, x)
    if index.width <= TABLE_BITS:
        return [_table(node, node.inputs, index, kind)], None
    steps = _few_steps(node, x, kind)
    if steps is not None:
        return [steps.node(node.name, node.inputs)], None
    coarse = _coarse_index(node, x, kind)
    rounded = Quantize(f"{node.name}/index", node.inputs, coarse)
    table = _table(node, (rounded.name,), coarse.storage(), kind)
    note = (
        f"layer {node.name!r}: {node.function} of a {index} is looked up after rounding it to {coarse}, "
        f"which changes its result by up to {_cost(node, coarse):.2g}"
    )
    return [rounded, table], note


def _few_steps(node: Unary, x: FixedArray, kind: FixedType) -> Steps | None:
    """The function rounded to ``kind`` as steps, where it rises and they are few."""
    if not FUNCTIONS[node.function].rising or kind.overflow not in (Overflow.SAT, Overflow.SAT_SYM):
        return None
    ends = from_real(evaluate(node.function, node.parameters, x.values), kind).codes
    if int(ends[1].max()) - int(ends[0].min()) > THRESHOLD_LEVELS:
        return None
    return find_steps((replace(node, type=None), Quantize(node.name, node.inputs, kind)), x)


def _result_type(node: Unary, x: FixedArray) -> FixedType:
    ends = x.values
    samples = np.linspace(float(ends.min()), float(ends.max()), 4097)
    results = evaluate(node.function, node.parameters, samples)
    low, high = float(results.min()), float(results.max())
    return FixedType(RESULT_BITS, integer_bits(low, high), low < 0, Rounding.RND_CONV, Overflow.SAT)


def _table(node: Unary, inputs: tuple[str, ...], index: FixedType, kind: FixedType) -> Lookup:
    codes = np.arange(1 << index.width, dtype=np.float64)
    if index.signed:
        codes = np.where(codes >= 1 << (index.width - 1), codes - (1 << index.width), codes)
    results = evaluate(node.function, node.parameters, np.ldexp(codes, -index.fraction))
    return Lookup(node.name, inputs, index, from_real(results, kind).values)


def _coarse_index(node: Unary, x: FixedArray, kind: FixedType) -> FixedType:
    """An index over the part of the input's range in which the result still changes."""
    ends = x.values
    low, high = float(ends.min()), float(ends.max())
    samples = np.linspace(low, high, 1 << 14)
    codes = from_real(evaluate(node.function, node.parameters, samples), kind).codes
    changing = np.flatnonzero(np.diff(codes))
    if changing.size:
        low, high = float(samples[changing[0]]), float(samples[changing[-1] + 1])
    fraction = min(COARSE_BITS - integer_bits(low, high), x.fraction)
    integer = integer_bits(low, high)
    return FixedType(max(1, integer + fraction), integer, low < 0, Rounding.RND, Overflow.SAT)


def _cost(node: Unary, index: FixedType) -> float:
    """The largest change of the function over half a step of the index."""
    edges: Array = np.ldexp(np.arange(index.min_code, index.max_code + 1, dtype=np.float64), -index.fraction)
    results = evaluate(node.function, node.parameters, edges)
    half = evaluate(node.function, node.parameters, edges + index.step / 2)
    return float(np.max(np.abs(half - results)))


def single_cast(network: Network, name: str) -> FixedType | None:
    """The type to which the cast that alone takes the result of ``name`` casts it, where there is one.

    Of a cast with a type for every element, one from which each gives what it gives from the real result.
    """
    users = network.consumers[name]
    if len(users) != 1 or name in network.outputs:
        return None
    (user,) = users
    if isinstance(user, QuantizeArray):
        return type_around(user)
    return user.type if isinstance(user, Quantize) else None
