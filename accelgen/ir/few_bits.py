"""What counts as few bits: of activations that travel as levels, and of the weights that take them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelgen.ir.grid import to_fixed
from accelgen.ir.types import FixedType

MAX_LEVEL_BITS = 4
"""Activations of up to so many bits are levels, which thresholds give; more travel as ordinary numbers."""
SHORT_INPUT_BITS = 8
SHORT_WEIGHT_BITS = 3


def weight_bits(weight: npt.NDArray[np.float64]) -> int:
    """Bits of a signed type that holds every weight as an integer of their common grid."""
    codes = to_fixed(weight).codes
    return FixedType.for_range(min(int(codes.min(initial=0)), -1), int(codes.max(initial=0)), 0).width


def is_few_bit(weight: npt.NDArray[np.float64], input_bits: int) -> bool:
    """Whether packed kernels suit weights with inputs of ``input_bits`` bits.

    They take weights of -1, 0 and 1 (times one step) with any input, weights of up to 4 bits with inputs of
    up to 4, and weights of up to 3 bits with inputs of up to 8: what LUTs multiply for less than a DSP block
    costs.
    """
    bits = weight_bits(weight)
    if bits <= 2 and np.max(np.abs(to_fixed(weight).codes), initial=0) <= 1:
        return True
    levels = bits <= MAX_LEVEL_BITS and input_bits <= MAX_LEVEL_BITS
    return levels or (bits <= SHORT_WEIGHT_BITS and input_bits <= SHORT_INPUT_BITS)
