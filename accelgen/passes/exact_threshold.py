"""Absorbs scales, shifts and rectifiers into the thresholds or the few-bit cast that follows, exactly.

A chain of monotone functions that ends in few levels is a step function of the integer code that enters it:
for each channel and level there is one code from which on the level is reached, or left where the channel
falls. Source of the idea: Umuroglu and Jahre, "Streamlined Deployment for Quantized Neural Networks" (2017).
The codes are found by bisection with the chain itself, not by rounding a quotient, so that signs, zero
scales, ties and every rounding mode come out as the chain has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from accelgen import real
from accelgen.ir import Node, Overflow, Quantize, Threshold, Unary
from accelgen.ir.fixed import FixedArray, from_real
from accelgen.ir.nodes import Array
from accelgen.passes.step_chains import Chain, constants_by_channel, is_shared

MAX_CODE = 1 << 50
"""Codes below this, scaled in float64, keep an error far below a step."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Steps:
    """A step function of codes on the grid ``2**-fraction``, for each channel or (one row) for all alike.

    ``values[c, n]`` is the result where n of the ascending ``codes[c]`` are reached; ``falls[c]`` says that
    it falls, as the values then do that the chain itself gives in ascending order.
    """

    codes: Array
    values: Array
    falls: Mask
    fraction: int

    def turned(self, channels: Mask) -> Steps:
        """The same function of an input whose sign is changed in some channels, (n_channels,)."""
        size = (channels.size, -1)
        codes, values = (np.broadcast_to(a, (channels.size, a.shape[-1])) for a in (self.codes, self.values))
        turn = channels.reshape(size)
        return Steps(
            np.where(turn, 1 - codes[:, ::-1], codes),
            np.where(turn, values[:, ::-1], values),
            self.falls ^ channels,
            self.fraction,
        )

    def node(self, name: str, inputs: tuple[str, ...]) -> Threshold:
        """The step function as a node; channels that are all alike share one row."""
        thresholds = np.ldexp(self.codes, -self.fraction) + 0.0  # no -0
        return Threshold(name, inputs, _shared(thresholds), _shared(self.values), inclusive=True)


def _shared(rows: Array) -> Array:
    return rows[0] if np.array_equal(rows, np.broadcast_to(rows[:1], rows.shape)) else rows


def find_steps(chain: Chain, x: FixedArray) -> Steps | None:
    """The chain as a step function of codes within the bounds ``x`` (2, *shape).

    None where a cast may wrap, or the codes are too large for float64 to scale.
    """
    if x.limit >= MAX_CODE:
        return None
    by_channel = [constants_by_channel(node, x.codes.shape[1:]) for node in _untyped(chain)]
    nodes = [node for node in by_channel if node is not None]
    if len(nodes) < len(by_channel):
        return None
    low, high = _ends(x, alike=all(map(is_shared, nodes)))
    safe = _saturating(nodes, np.ldexp(np.stack([low, high]), -x.fraction))
    if safe is None:
        return None
    *between, final = safe

    def level(codes: Array) -> Array:
        values = np.ldexp(codes, -x.fraction)
        for node in between:
            values = real.apply(node, [values])
        return _level(final, values)

    ends = level(np.stack([low, high]))
    falls = ends[1] < ends[0]
    lowest, values = _results(final, ends)
    rank = np.arange(1.0, values.shape[-1])[:, None]
    rising, falling = lowest + rank, lowest + len(rank) - rank
    codes = _bisect(lambda at: np.where(falls, level(at) <= falling, level(at) >= rising), rank, low, high)
    turned = np.where(falls[:, None], values[:, ::-1], values) if np.any(falls) else values
    return Steps(codes.T, turned, falls, x.fraction)


def _level(final: Node, values: Array) -> Array:
    """How many thresholds the values reach, or to which codes they are cast."""
    if isinstance(final, Threshold):
        return real.apply(replace(final, values=np.arange(final.thresholds.shape[-1] + 1.0)), [values])
    assert isinstance(final, Quantize)
    return np.asarray(from_real(values, final.type).codes)


def _results(final: Node, ends: Array) -> tuple[float, Array]:
    """The smallest level of a step function, and the values of all (one row, or one for each channel).

    Of a cast only the codes between its ``ends`` are levels, but at least two.
    """
    if isinstance(final, Threshold):
        return 0.0, np.atleast_2d(final.values)
    assert isinstance(final, Quantize)
    lowest, highest = float(ends.min()), float(ends.max())
    if lowest == highest:
        lowest, highest = (lowest, highest + 1) if highest < final.type.max_code else (lowest - 1, highest)
    return lowest, np.ldexp(np.arange(lowest, highest + 1)[None], -final.type.fraction)


def _untyped(chain: Chain) -> list[Node]:
    """The chain with each function's own rounding as a cast after it."""
    nodes: list[Node] = []
    for node in chain:
        if isinstance(node, Unary) and node.type is not None:
            nodes += [replace(node, type=None), Quantize(node.name, node.inputs, node.type)]
        else:
            nodes.append(node)
    return nodes


def _ends(x: FixedArray, *, alike: bool) -> tuple[Array, Array]:
    """The smallest and the largest code of each channel, or (1,) of all."""
    channels = 1 if alike or x.codes.ndim == 1 else x.codes.shape[-1]
    low, high = x.codes.astype(np.float64).reshape(2, -1, channels)
    return low.min(0), high.max(0)


def _saturating(nodes: Sequence[Node], ends: Array) -> list[Node] | None:
    """The nodes with every cast saturating; None where one does otherwise between the ends (2, n)."""
    safe: list[Node] = []
    for node in nodes:
        same = node
        if isinstance(node, Quantize) and node.type.overflow not in (Overflow.SAT, Overflow.SAT_SYM):
            kind = node.type.with_modes(node.type.rounding, Overflow.SAT)
            wide = replace(kind, width=kind.width + 2, integer=kind.integer + 2, signed=True)
            codes = from_real(ends, wide).codes
            if np.any(codes < kind.min_code) or np.any(codes > kind.max_code):
                return None
            same = replace(node, type=kind)
        safe.append(same)
        ends = real.apply(same, [ends])
    return safe


def _bisect(reached: Callable[[Array], Mask], like: Array, low: Array, high: Array) -> Array:
    """The first code from ``low`` to ``high`` that is ``reached``, one above ``high`` where none is."""
    shape = (len(like), low.size)
    below, at = np.broadcast_to(low - 1, shape), np.broadcast_to(high + 1, shape)
    while np.any(at - below > 1):
        middle = np.ceil((below + at) / 2)  # ``at`` itself where both are next to each other
        is_reached = (middle == at) | reached(middle)
        at, below = np.where(is_reached, middle, at), np.where(is_reached, below, middle)
    return at
