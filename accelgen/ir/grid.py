"""On which fixed-point grid an array of constants lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.ir.fixed import FLOAT_LIMIT, FixedArray
from accelgen.ir.types import FixedType


def fraction_bits(values: npt.NDArray[Any]) -> int:
    """The smallest ``f`` for which every value times ``2**f`` is an integer (0 where all are zero).

    May be negative: 8 and 24 lie on the grid 2**3.
    """
    numbers = np.unique(np.abs(np.asarray(values, np.float64).ravel()))
    numbers = numbers[numbers > 0]
    if numbers.size == 0:
        return 0
    mantissas, exponents = np.frexp(numbers)
    integers = np.ldexp(mantissas, 53).astype(np.int64)
    trailing = np.log2((integers & -integers).astype(np.float64)).astype(np.int64)
    return int(np.max(53 - trailing - exponents))


def to_fixed(values: npt.NDArray[Any], fraction: int | None = None) -> FixedArray:
    """Constants as codes on their own grid, or on a finer one given; ValueError where they do not fit."""
    numbers = np.asarray(values, np.float64)
    own = fraction_bits(numbers)
    target = own if fraction is None else fraction
    if target < own:
        raise ValueError(f"constants on the grid 2**-{own} do not lie on 2**-{target}")
    scaled = np.ldexp(numbers, own)
    largest = float(np.max(np.abs(scaled), initial=1.0))
    if largest < FLOAT_LIMIT:
        return FixedArray(scaled, own, int(largest)).at(target)
    codes = np.array(_integers(numbers, own), dtype=object).reshape(numbers.shape)
    return FixedArray(codes, own, int(np.max(np.abs(codes)))).at(target)


def _integers(numbers: npt.NDArray[np.float64], fraction: int) -> list[int]:
    integers = []
    for number in numbers.ravel():
        numerator, denominator = float(number).as_integer_ratio()
        integers.append((numerator << fraction) // denominator if fraction >= 0 else numerator >> -fraction)
    return integers


def constant_type(values: npt.NDArray[Any]) -> FixedType:
    """The narrowest type that holds every one of the constants exactly."""
    fixed = to_fixed(values)
    if fixed.codes.size == 0:
        return FixedType(1, 1, signed=False)
    return FixedType.for_range(int(fixed.codes.min()), int(fixed.codes.max()), fixed.fraction)
