"""Arrays of fixed-point numbers held as integer codes, and the cast that ap_fixed performs on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.ir.types import FixedType, Overflow, Rounding

Codes = npt.NDArray[Any]
"""Integers: float64 while every one stays below 2**52, Python integers (dtype object) beyond."""

FLOAT_LIMIT = 1 << 52
"""Below this, sums and products of codes are exact in float64, and BLAS can compute them."""


@dataclass(frozen=True, eq=False)
class FixedArray:
    """Numbers ``codes * 2 ** -fraction``; no code exceeds ``limit`` in magnitude."""

    codes: Codes
    fraction: int
    limit: int

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The numbers as float64: exact up to 53 bits, else rounded."""
        codes = self.codes
        if codes.dtype == object:
            return np.array([_scaled(code, -self.fraction) for code in codes.ravel()]).reshape(codes.shape)
        return np.ldexp(codes, -self.fraction)

    def at(self, fraction: int) -> FixedArray:
        """The same numbers on a grid at least as fine as their own."""
        shift = fraction - self.fraction
        if shift < 0:
            raise ValueError(f"a grid of 2**-{fraction} is coarser than 2**-{self.fraction}")
        if shift == 0:
            return self
        limit = self.limit << shift
        codes = hold(self.codes, limit) * _power(shift, limit)
        return FixedArray(np.asarray(codes, self._dtype(limit)), fraction, limit)

    @staticmethod
    def _dtype(limit: int) -> type:
        return float if limit < FLOAT_LIMIT else object

    def with_codes(self, codes: Codes) -> FixedArray:
        """Other codes within the same limit (a reshape, a selection)."""
        return FixedArray(codes, self.fraction, self.limit)


def _scaled(code: int, exponent: int) -> float:
    return float(code << exponent) if exponent >= 0 else code / (1 << -exponent)


def _power(shift: int, limit: int) -> Any:
    return float(1 << shift) if limit < FLOAT_LIMIT else 1 << shift


def hold(codes: Codes, limit: int) -> Codes:
    """The codes in the dtype that can hold results up to ``limit``: float64, or object beyond 2**52."""
    if limit < FLOAT_LIMIT:
        return codes.astype(np.float64, copy=False)
    if codes.dtype == object:
        return codes
    integers: Codes = codes.astype(np.int64).astype(object)
    return integers


def align(arrays: Sequence[FixedArray]) -> tuple[list[FixedArray], int]:
    """The arrays on the finest of their grids, and that grid's fraction."""
    fraction = max(array.fraction for array in arrays)
    return [array.at(fraction) for array in arrays], fraction


def from_real(values: npt.NDArray[Any], kind: FixedType) -> FixedArray:
    """Finite numbers cast to ``kind`` with its rounding and overflow modes, as ap_fixed casts a double."""
    numbers = np.asarray(values, np.float64)
    if kind.width > 52 or np.any(np.frexp(numbers)[1] + kind.fraction > 52):
        exact = [int(numerator) * (_SMALLEST // denominator) for numerator, denominator in _ratios(numbers)]
        codes = np.array(exact, dtype=object).reshape(numbers.shape)
        return cast(FixedArray(codes, 1074, 1 << 2100), kind)
    codes = _overflow(_round_real(np.ldexp(numbers, kind.fraction), kind.rounding), kind)
    return FixedArray(codes, kind.fraction, _type_limit(kind))


_SMALLEST = 1 << 1074
"""One over the smallest double: on that grid every double is an integer."""


def _ratios(numbers: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    return [float(number).as_integer_ratio() for number in numbers.ravel()]


def cast(array: FixedArray, kind: FixedType) -> FixedArray:
    """The numbers cast to ``kind``: rounded to its grid, then brought into its range."""
    shift = array.fraction - kind.fraction
    if shift <= 0:
        codes = array.at(kind.fraction).codes
    elif array.codes.dtype == object:
        codes = _round_shift(array.codes, shift, kind.rounding)
    else:
        codes = _round_real(np.ldexp(array.codes, -shift), kind.rounding)
    return FixedArray(hold(_overflow(codes, kind), _type_limit(kind)), kind.fraction, _type_limit(kind))


def _type_limit(kind: FixedType) -> int:
    return max(-kind.min_code, kind.max_code, 1)


def _round_real(scaled: npt.NDArray[np.float64], rounding: Rounding) -> npt.NDArray[np.float64]:
    """Round to integers; exact for magnitudes below 2**52, where adding a half loses nothing."""
    floor = np.floor(scaled)
    above = scaled - floor
    if rounding is Rounding.TRN:
        return floor
    if rounding is Rounding.TRN_ZERO:
        return np.asarray(np.trunc(scaled))
    if rounding is Rounding.RND_CONV:
        return np.asarray(np.rint(scaled))
    tie_up = {
        Rounding.RND: np.ones(floor.shape, np.bool_),
        Rounding.RND_MIN_INF: np.zeros(floor.shape, np.bool_),
        Rounding.RND_ZERO: scaled < 0,
        Rounding.RND_INF: scaled > 0,
    }[rounding]
    return np.asarray(floor + ((above > 0.5) | ((above == 0.5) & tie_up)))


def _round_shift(codes: Codes, shift: int, rounding: Rounding) -> Codes:
    """``codes / 2**shift`` rounded to integers, for Python integers of any size."""
    floor = codes >> shift
    rest = codes - (floor << shift)
    half = 1 << (shift - 1)
    if rounding is Rounding.TRN:
        return floor
    if rounding is Rounding.TRN_ZERO:
        up = (codes < 0) & (rest != 0)
    else:
        tie_up = {
            Rounding.RND: np.ones(codes.shape, np.bool_),
            Rounding.RND_MIN_INF: np.zeros(codes.shape, np.bool_),
            Rounding.RND_ZERO: codes < 0,
            Rounding.RND_INF: codes > 0,
            Rounding.RND_CONV: (floor & 1) == 1,
        }[rounding]
        up = (rest > half) | ((rest == half) & tie_up)
    return np.asarray(floor + up.astype(object))


def _overflow(codes: Codes, kind: FixedType) -> Codes:
    if kind.overflow is Overflow.WRAP:
        span = 1 << kind.width
        low = kind.min_code
        if codes.dtype == object:
            return np.asarray((codes - low) % span + low)
        return np.asarray(codes - np.floor((codes - low) / span) * span)
    if kind.overflow is Overflow.SAT_ZERO:
        return np.where((codes < kind.min_code) | (codes > kind.max_code), 0 * codes, codes)
    clipped: Codes = np.clip(codes, kind.min_code, kind.max_code)
    return clipped
