"""Casts with a type for each element, as HGQ's and HGQ2's quantizers make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.importers.builder import Builder
from accelgen.importers.keras.layer import KerasLayer, RawArray
from accelgen.ir import FixedType, Overflow, Quantize, QuantizeArray, Rounding
from accelgen.ir.nodes import Array

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_BITS = 256
"""More than any quantizer of HGQ can be trained to; a larger number comes from a damaged file."""

_ROUND: dict[Rounding, Callable[[RawArray], RawArray]] = {
    Rounding.TRN: np.floor,
    Rounding.TRN_ZERO: np.trunc,
    Rounding.RND: lambda x: np.floor(x + x.dtype.type(0.5)),
    Rounding.RND_ZERO: lambda x: np.sign(x) * np.ceil(np.abs(x) - x.dtype.type(0.5)),
    Rounding.RND_INF: lambda x: np.sign(x) * np.floor(np.abs(x) + x.dtype.type(0.5)),
    Rounding.RND_MIN_INF: lambda x: np.ceil(x - x.dtype.type(0.5)),
    Rounding.RND_CONV: np.rint,
}


@dataclass(frozen=True, eq=False)
class Casts:
    """A type for each element: arrays of one shape, which broadcasts to that of what is cast.

    Of tensors, the shape may begin with an axis of size 1 for the batch.

    ``integer`` counts the sign bit, as in `FixedType`. An element of width 0 becomes 0; its grid is that of
    ``width - integer`` fraction bits all the same.
    """

    width: Integers
    integer: Integers
    signed: Flags
    rounding: Rounding
    overflow: Overflow

    @property
    def common_type(self) -> FixedType | None:
        """The type, where all elements share one of at least one bit."""
        first = (int(self.width.flat[0]), int(self.integer.flat[0]), bool(self.signed.flat[0]))
        same = (self.width == first[0]) & (self.integer == first[1]) & (self.signed == first[2])
        return FixedType(*first, self.rounding, self.overflow) if first[0] > 0 and same.all() else None

    def add(self, layer: KerasLayer, builder: Builder, name: str, source: str) -> str:
        """Add the cast of node ``source`` as node ``name``.

        Raises:
            ModelError: the arrays do not broadcast to the node's shape.
        """
        common = self.common_type
        if common is not None:
            return builder.add(Quantize(name, (source,), common))
        shape, own = builder.shapes[source], self.width.shape
        batch = len(own) == len(shape) + 1 and own[0] == 1
        width, integer, signed = self.width, np.where(self.width > 0, self.integer, 0), self.signed
        if batch:
            width, integer, signed = width[0], integer[0], signed[0]
        try:
            fits = np.broadcast_shapes(width.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise layer.error(f"a quantizer of shape {own} does not fit an input of shape {shape}")
        return builder.add(
            QuantizeArray(name, (source,), width, integer, signed, self.rounding, self.overflow)
        )

    def rounded(self, values: Array) -> Array:
        """Constants on each element's grid, whatever its range; rounded in float32 as the framework does."""
        fraction = self.width - self.integer
        scaled = np.ldexp(values.astype(np.float32), fraction.astype(np.int32))
        return np.asarray(np.ldexp(_ROUND[self.rounding](scaled).astype(np.float64), -fraction))

    def applied(self, values: Array) -> Array:
        """Constants cast to each element's type."""
        fraction = self.width - self.integer
        codes = np.ldexp(self.rounded(values), fraction)
        span = np.ldexp(1.0, self.width)
        low = np.where(self.signed, -span / 2, 0.0)
        high = low + span - 1
        if self.overflow is Overflow.WRAP:
            codes = codes - np.floor((codes - low) / span) * span
        elif self.overflow is Overflow.SAT_ZERO:
            codes = np.where((codes < low) | (codes > high), 0.0, codes)
        else:
            codes = np.clip(codes, low + (self.signed & (self.overflow is Overflow.SAT_SYM)), high)
        return np.where(self.width > 0, np.ldexp(codes, -fraction), 0.0)


def casts(
    layer: KerasLayer,
    width: Array,
    integer: Array,
    signed: Array,
    rounding: object,
    overflow: object,
) -> Casts:
    """The casts of the arrays in a file; a width of 0 or below makes 0.

    ``rounding`` and ``overflow`` are ap_fixed's names without "AP_".

    Raises:
        ModelError: a mode is unknown, the arrays have different shapes, or hold numbers that are no widths.
        UnsupportedError: the overflow mode is WRAP_SM, which has no counterpart among the network's types.
    """
    if overflow == "WRAP_SM":
        raise layer.unsupported("overflow mode WRAP_SM is not converted; WRAP, SAT, SAT_SYM and SAT_ZERO are")
    if not isinstance(rounding, str) or rounding not in Rounding.__members__:
        raise layer.error(f"rounding mode {rounding!r:.40} is unknown")
    if not isinstance(overflow, str) or overflow not in Overflow.__members__:
        raise layer.error(f"overflow mode {overflow!r:.40} is unknown")
    if not width.shape == integer.shape == signed.shape or width.size == 0:
        raise layer.error("its quantizer's variables have different shapes")
    if not all((np.abs(array) <= MAX_BITS).all() for array in (width, integer)):
        raise layer.error(f"its quantizer has more than {MAX_BITS} bits; the file is damaged")
    if not np.isin(signed, (0.0, 1.0)).all():
        raise layer.error("its quantizer's keep-negative flags are 0 or 1")
    kept = width > 0
    return Casts(
        np.where(kept, width, 0).astype(np.int64),
        np.where(kept, integer, integer - width).astype(np.int64),
        (signed > 0) & kept,
        Rounding[rounding],
        Overflow[overflow],
    )
