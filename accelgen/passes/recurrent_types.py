"""Makes the cell of a recurrent layer exact: tables for its functions, types for its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from accelgen import real
from accelgen.errors import PrecisionError
from accelgen.ir import (
    Affine,
    FixedType,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Quantize,
    Recurrent,
    Rounding,
    Unary,
)
from accelgen.ir.fixed import FixedArray, align, cast, hold
from accelgen.ir.functions import FUNCTIONS
from accelgen.ir.functions import evaluate as real_function
from accelgen.ir.grid import to_fixed
from accelgen.ir.names import free_name
from accelgen.ir.recurrent import cell_network, cell_step, with_cell
from accelgen.passes.adopt_input_types import integer_bits
from accelgen.passes.bounds import bounds_of, over_steps, type_of
from accelgen.passes.infer_types import infer_bounds
from accelgen.passes.rename import insert_after

Real = npt.NDArray[np.float64]

FUNCTION_STATE_BITS = 16
"""Of the states of a cell with real functions (sigmoid, tanh), where no precision is given.

This is for values between -1 and 1; a larger range gets more integer bits, not fewer below the point.
"""
QUANTIZED_STATE_BITS = 24
"""Likewise, of a state that a cell of quantized values alone keeps in float32; its mantissa has 24 bits."""
MAX_INTEGER_BITS = 24
"""A state whose proven range needs more than this is one that only data can bound."""
_SETTLING_STEPS = 4
_FOLLOWED_STEPS = 512

Lower = Callable[[Network], Network]
"""What makes a network whose inputs have types exact (`accelgen.passes.exact.make_exact`)."""


def choose_recurrent_types(
    node: Recurrent, x: FixedArray, precision: FixedType | None, lower: Lower
) -> tuple[Recurrent, str | None]:
    """The node with an exact cell and typed states for inputs within the bounds ``x``, and a note.

    A state that the cell itself keeps on a grid (through quantized activations or a state quantizer) has the
    type that it settles to, and nothing is rounded. Any other is cast after every step: to ``precision``,
    else to `FUNCTION_STATE_BITS` or `QUANTIZED_STATE_BITS` over the range that bounds prove for it, rounding
    half to even and saturating. The note says which.

    Raises:
        PrecisionError: the steps can make a state grow without a useful bound, and there is no precision.
    """
    x_step = over_steps(x)
    lower = _typed_functions(lower, precision)
    kinds = {node.cell[0].name: type_of(x_step), **_cast_states(node)}
    functions = any(isinstance(step, Unary) for step in node.cell)
    restless = [state for state, _ in node.states if state not in kinds]
    if not functions or not restless:
        restless = _settle(node, kinds, lower)
    if not restless:
        return with_cell(node, lower(cell_network(node, kinds))), None
    width = FUNCTION_STATE_BITS if functions else QUANTIZED_STATE_BITS
    casts = _casts(node, x_step, x.codes.shape[1], restless, precision, width)
    cast_node = with_cell(node, insert_after(cell_network(node), casts))
    kinds = {node.cell[0].name: type_of(x_step), **_cast_states(cast_node)}
    unsettled = _settle(cast_node, kinds, lower)
    assert not unsettled, unsettled
    types = ", ".join(f"{name!r} {step.type}" for name, step in casts.items())
    note = f"layer {node.name!r}: states that the model keeps in floating point are cast: {types}"
    return with_cell(cast_node, lower(cell_network(cast_node, kinds))), note


def _cast_states(node: Recurrent) -> dict[str, FixedType]:
    """The types of the states that a cast gives, by state."""
    casts = {step.name: step.type.storage() for step in node.cell if isinstance(step, Quantize)}
    return {state: casts[following] for state, following in node.states if following in casts}


def seen_state_types(node: Recurrent, x: Real, width: int) -> dict[str, FixedType]:
    """For every state that the cell leaves open, by the cell node that computes it: ``width`` bits over the
    range that data ``x`` (n, steps, n_in) show.
    """
    ranges: dict[str, tuple[float, float]] = {}
    states = open_states(node)

    def apply(step: Node, inputs: Sequence[Real]) -> Real:
        result = real.apply(step, inputs)
        if step.name in states:
            low, high = ranges.get(step.name, (0.0, 0.0))
            ranges[step.name] = (min(low, float(result.min())), max(high, float(result.max())))
        return result

    real.run_real(node, x, apply)
    return {following: _type_for_range(*seen, width) for following, seen in ranges.items()}


def open_states(node: Recurrent) -> set[str]:
    """The cell nodes that compute states which the cell does not cast itself."""
    cast = _cast_states(node)
    return {following for state, following in node.states if state not in cast}


def cast_states(node: Recurrent, types: Mapping[str, FixedType]) -> Recurrent:
    """The node with the results of the cell nodes named in ``types`` cast to those types."""
    names = [step.name for step in node.cell]
    casts = {
        following: Quantize(free_name(f"{following}/cast", names), (following,), kind)
        for following, kind in types.items()
    }
    return with_cell(node, insert_after(cell_network(node), casts)) if casts else node


def _type_for_range(low: float, high: float, width: int) -> FixedType:
    return FixedType(width, integer_bits(low, high), low < 0, Rounding.RND_CONV, Overflow.SAT)


def _typed_functions(lower: Lower, precision: FixedType | None) -> Lower:
    if precision is None:
        return lower
    kind = _rounding(precision)

    def typed(network: Network) -> Network:
        return lower(
            network.with_nodes(
                replace(step, type=kind) if isinstance(step, Unary) and step.type is None else step
                for step in network
            )
        )

    return typed


def _rounding(kind: FixedType) -> FixedType:
    """The type, rounding half to even and saturating unless it says otherwise itself."""
    if (kind.rounding, kind.overflow) == (Rounding.TRN, Overflow.WRAP):
        return kind.with_modes(Rounding.RND_CONV, Overflow.SAT)
    return kind


def _settle(node: Recurrent, kinds: dict[str, FixedType], lower: Lower) -> list[str]:
    """Adds to ``kinds`` the types to which the states settle that it lacks; returns those still changing."""
    open_states = [state for state, _ in node.states if state not in kinds]
    kinds.update(dict.fromkeys(open_states, FixedType(1, 1, signed=False)))
    restless = open_states
    for _ in range(_SETTLING_STEPS):
        network = lower(cell_network(node, kinds))
        found = infer_bounds(network)
        following = dict(zip((state for state, _ in node.states), network.outputs[1:], strict=True))
        after = {state: type_of(found[following[state]]) for state in open_states}
        restless = [state for state in open_states if after[state] != kinds[state]]
        kinds.update(after)
        if not restless:
            break
    return restless


def _casts(
    node: Recurrent,
    x: FixedArray,
    steps: int,
    states: list[str],
    precision: FixedType | None,
    width: int,
) -> dict[str, Quantize]:
    """A cast for the node behind each of the states, by that node's name."""
    kinds: dict[str, FixedType] = {}
    if precision is None:
        for following, (low, high) in _ranges(node, x, steps).items():
            if integer_bits(low, high) > MAX_INTEGER_BITS:
                raise PrecisionError(
                    f"layer {node.name!r}: its state {following!r} can grow with every step; "
                    "give --precision W,I (such as 16,6)"
                )
            whole = max(width, integer_bits(low, high) + width - 1)
            kinds[following] = _type_for_range(low, high, whole)
    casts: dict[str, Quantize] = {}
    names = [step.name for step in node.cell]
    for state, following in node.states:
        if state in states:
            kind = _rounding(precision) if precision is not None else kinds[following]
            casts[following] = Quantize(free_name(f"{following}/cast", names), (following,), kind)
    return casts


def _ranges(node: Recurrent, x: FixedArray, steps: int) -> dict[str, tuple[float, float]]:
    """Between which real numbers the states stay during ``steps`` steps, by the node that gives each.

    What still grows after `_FOLLOWED_STEPS` is taken to grow on at that rate; the cast saturates anyway.
    """
    shapes = cell_network(node).shapes
    states = {state: FixedArray(np.zeros((2, *shapes[state])), 0, 1) for state, _ in node.states}
    ranges = {following: (0.0, 0.0) for _, following in node.states}
    followed = min(steps, _FOLLOWED_STEPS)
    for _ in range(followed):
        values = _step_bounds(node, {node.cell[0].name: x, **states})
        states = {state: values[following] for state, following in node.states}
        before = dict(ranges)
        for following, (low, high) in before.items():
            ends = values[following].values
            ranges[following] = min(low, float(ends.min())), max(high, float(ends.max()))
        if ranges == before:
            return ranges
        if max(max(-low, high) for low, high in ranges.values()) > 2.0**MAX_INTEGER_BITS:
            break
    scale = steps / followed
    return {following: (low * scale, high * scale) for following, (low, high) in ranges.items()}


def _step_bounds(node: Recurrent, inputs: dict[str, FixedArray]) -> dict[str, FixedArray]:
    """The bounds of every value of a step, real functions included; slightly widened."""

    def apply(step: Node, sources: Sequence[FixedArray]) -> FixedArray:
        own = _function_bounds(step, sources[0]) if isinstance(step, Unary) else bounds_of(step, sources)
        return _outward(own)

    values = cell_step(node, inputs, apply)
    by_name = {step.name: step for step in node.cell}
    for step in node.cell:
        mix = _interpolated(step, by_name)
        if mix is not None and values[mix[0]].values.min() >= 0 and values[mix[0]].values.max() <= 1:
            values[step.name] = _hull([values[name] for name in mix[1:]])
    return values


def _function_bounds(node: Unary, x: FixedArray) -> FixedArray:
    """The bounds of a real function's values; of one that also falls, from samples of the whole range."""
    ends = x.values
    if not FUNCTIONS[node.function].rising:
        samples = np.linspace(float(ends.min()), float(ends.max()), 4097)
        values = real_function(node.function, node.parameters, samples)
        ends = np.broadcast_to(
            np.array([values.min(), values.max()]).reshape(2, *(1,) * (ends.ndim - 1)), ends.shape
        )
        return to_fixed(ends)
    return to_fixed(real_function(node.function, node.parameters, ends))


_GRID = 20
"""Fraction bits of the bounds that `_ranges` follows through the steps."""


def _outward(x: FixedArray) -> FixedArray:
    """Bounds widened to a grid of 2**-_GRID, so that they do not gather bits from step to step."""
    if x.fraction <= _GRID:
        return x
    wide = FixedType((x.limit >> (x.fraction - _GRID)).bit_length() + 2, 0)
    kind = FixedType(wide.width, wide.width - _GRID)
    low = cast(x, kind)
    ends = hold(low.codes, low.limit)
    high = -cast(x.with_codes(-x.codes), kind).codes
    return FixedArray(np.stack([ends[0], high[1]]), _GRID, low.limit)


def _interpolated(step: Node, cell: dict[str, Node]) -> tuple[str, str, str] | None:
    """The nodes ``z``, ``a`` and ``b`` where a step is ``z * a + (1 - z) * b``, as a GRU's last is."""
    if not isinstance(step, Merge) or step.kind is not MergeKind.ADD or len(step.inputs) != 2:
        return None
    first, second = (cell[name] for name in step.inputs)
    if not all(isinstance(part, Merge) and part.kind is MergeKind.MULTIPLY for part in (first, second)):
        return None
    (z, a), (rest, b) = first.inputs, second.inputs
    complement = cell[rest]
    if not isinstance(complement, Affine) or complement.inputs != (z,):
        return None
    inverts = np.all(complement.scale == -1) and np.all(complement.bias == 1)
    return (z, a, b) if inverts else None


def _hull(parts: list[FixedArray]) -> FixedArray:
    aligned, fraction = align(parts)
    limit = max(array.limit for array in aligned)
    codes = [hold(array.codes, limit) for array in aligned]
    low, high = (
        function([array[end] for array in codes], axis=0) for end, function in ((0, np.min), (1, np.max))
    )
    return FixedArray(np.stack([low, high]), fraction, limit)
