"""Fixed-point number types, as Xilinx's ap_fixed<W, I, Q, O> and ap_ufixed define them.

Source: AMD UG1399 (Vitis HLS), "Arbitrary Precision Fixed-Point Data Types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from accelgen.errors import UsageError

MAX_WIDTH = 1024
"""The widest ap_fixed that Vitis HLS takes (AP_INT_MAX_W)."""


class Rounding(Enum):
    """What happens to bits below the type's grid; values are ap_fixed's names."""

    TRN = "AP_TRN"  # towards minus infinity
    TRN_ZERO = "AP_TRN_ZERO"
    RND = "AP_RND"  # to nearest, ties towards plus infinity
    RND_ZERO = "AP_RND_ZERO"  # to nearest, ties towards zero
    RND_INF = "AP_RND_INF"  # to nearest, ties away from zero
    RND_MIN_INF = "AP_RND_MIN_INF"  # to nearest, ties towards minus infinity
    RND_CONV = "AP_RND_CONV"  # to nearest, ties to even


class Overflow(Enum):
    """What happens to values outside the type's range; values are ap_fixed's names."""

    WRAP = "AP_WRAP"
    SAT = "AP_SAT"
    SAT_ZERO = "AP_SAT_ZERO"  # to zero
    SAT_SYM = "AP_SAT_SYM"  # saturate, the most negative code excluded


_TEXT = re.compile(
    r"\s*(?:ap_)?(?P<unsigned>u)?fixed\s*<\s*(?P<width>\d+)\s*,\s*(?P<integer>-?\d+)\s*"
    r"(?:,\s*(?:AP_)?(?P<rounding>[A-Z_]+)\s*(?:,\s*(?:AP_)?(?P<overflow>[A-Z_]+)\s*(?:,\s*0\s*)?)?)?>\s*\Z"
)


@dataclass(frozen=True)
class FixedType:
    """A fixed-point type: ``width`` bits in all, ``integer`` of them (sign included) above the point.

    The grid is ``2 ** -fraction`` with ``fraction = width - integer``; ``integer`` may be negative or
    larger than ``width``, as in ap_fixed.
    """

    width: int
    integer: int
    signed: bool = True
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        if not 1 <= self.width <= MAX_WIDTH:
            raise UsageError(f"a fixed-point type has 1 to {MAX_WIDTH} bits, not {self.width}")
        if abs(self.integer) > 2 * MAX_WIDTH:
            raise UsageError(f"a fixed-point type cannot have {self.integer} integer bits")

    @property
    def fraction(self) -> int:
        """Bits below the binary point (negative when the grid is coarser than 1)."""
        return self.width - self.integer

    @property
    def min_code(self) -> int:
        """The smallest value, in units of the grid."""
        if not self.signed:
            return 0
        lowest = -(1 << (self.width - 1))
        return lowest + 1 if self.overflow is Overflow.SAT_SYM else lowest

    @property
    def max_code(self) -> int:
        """The largest value, in units of the grid."""
        return (1 << (self.width - 1 if self.signed else self.width)) - 1

    @property
    def step(self) -> float:
        """The grid: the distance between two neighbouring values."""
        return 2.0**-self.fraction

    @property
    def min(self) -> float:
        """The smallest value."""
        return self.min_code * self.step

    @property
    def max(self) -> float:
        """The largest value."""
        return self.max_code * self.step

    def with_modes(self, rounding: Rounding, overflow: Overflow) -> FixedType:
        """The same grid and range with other rounding and overflow modes."""
        return replace(self, rounding=rounding, overflow=overflow)

    def storage(self) -> FixedType:
        """The same bits with the default modes (TRN, WRAP): a type for values that already fit."""
        return replace(self, rounding=Rounding.TRN, overflow=Overflow.WRAP)

    def holds(self, other: FixedType) -> bool:
        """Whether every value of ``other`` is a value of this type."""
        if self.fraction < other.fraction:
            return False
        shift = self.fraction - other.fraction
        return self.min_code <= other.min_code << shift and other.max_code << shift <= self.max_code

    def __str__(self) -> str:
        head = f"{'' if self.signed else 'u'}fixed<{self.width},{self.integer}"
        if self.rounding is Rounding.TRN and self.overflow is Overflow.WRAP:
            return head + ">"
        return f"{head},{self.rounding.name},{self.overflow.name}>"

    @property
    def cpp(self) -> str:
        """The type's C++ name with every parameter explicit."""
        kind = "ap_fixed" if self.signed else "ap_ufixed"
        return f"{kind}<{self.width},{self.integer},{self.rounding.value},{self.overflow.value},0>"

    @classmethod
    def parse(cls, text: str) -> FixedType:
        """Read ``fixed<16,6>``, ``ap_ufixed<8,0,AP_RND_CONV,AP_SAT>`` or the short form ``16,6``.

        Modes that the long form leaves out are ap_fixed's own, TRN and WRAP. The short form is what people
        type as a precision: it rounds half to even and saturates.

        Raises:
            UsageError: the text is none of these.
        """
        short = re.fullmatch(r"\s*(\d{1,4})\s*,\s*(-?\d{1,4})\s*", text)
        if short:
            return cls(int(short[1]), int(short[2]), True, Rounding.RND_CONV, Overflow.SAT)
        match = _TEXT.match(text)
        if match is None or len(text) > 100:
            raise UsageError(f"{text[:60]!r} is not a number type; write W,I or fixed<W,I,RND_CONV,SAT>")
        try:
            rounding = Rounding[match["rounding"] or "TRN"]
            overflow = Overflow[match["overflow"] or "WRAP"]
        except KeyError as error:
            raise UsageError(f"{text!r} names an unknown rounding or overflow mode {error}") from None
        return cls(int(match["width"]), int(match["integer"]), match["unsigned"] is None, rounding, overflow)

    @classmethod
    def for_range(cls, low: int, high: int, fraction: int) -> FixedType:
        """The narrowest type that holds every code from ``low`` to ``high`` on the grid ``2**-fraction``."""
        if low > high:
            raise ValueError(f"empty range {low}..{high}")
        if low >= 0:
            width = max(1, int(high).bit_length())
            return cls(width, width - fraction, signed=False)
        width = max((-int(low) - 1).bit_length(), int(high).bit_length() if high > 0 else 0) + 1
        return cls(width, width - fraction)
