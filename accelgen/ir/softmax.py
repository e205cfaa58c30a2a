"""The softmax that hardware computes, in integers: one definition for the golden model and the kernel.

For inputs x_i on the grid ``2**-f`` and a result grid ``2**-F``:

1. ``d_i = max(x) - x_i``, exact; its bits below ``2**-(G + 1)`` are dropped.
2. ``e_i = exp(-d_i)`` with ``G = F + ceil(log2(n)) + 3`` fraction bits: the product, floored after each
   factor, of one table entry for every `exp_bits` bits of ``d_i``, the highest first; 0 where ``d_i`` has
   bits above the tables, since ``exp(-d_i) < 2**-(G + 1)`` there.
3. ``S = sum(e_i)``, exact. ``S >= 1``, as one d_i is 0 and every table begins with exactly 1.
4. ``S = m * 2**k`` with ``1 <= m < 2``; ``m`` keeps ``F + 4`` fraction bits.
5. ``r = 1 / m`` with ``F + 4`` fraction bits: a table over the first `reciprocal_bits` bits of ``m``, the
   rest interpolated linearly; then ``r >> k``.
6. The result is ``e_i``, floored to ``F + 3`` fraction bits, times ``r``, exact, cast to the result type,
   saturating.

Before the cast the value is off by less than 1.2 steps of the result: e_i and S cost 0.7 (four factors,
fewer take less), the reciprocal 0.3, step 6 0.2. So the result is within 2 units of the rounded softmax.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, log

import numpy as np
import numpy.typing as npt

from accelgen.errors import PrecisionError
from accelgen.ir.fixed import Codes, FixedArray, cast
from accelgen.ir.types import FixedType, Overflow

Integers = npt.NDArray[np.int64]

_MAX_TABLE_BITS = 10
_MAX_RESULT_FRACTION = 24
"""Beyond, the reciprocal's table would have more than 2**13 entries."""
_MAX_EXP_FRACTION = 31
"""Products of two such numbers stay below 2**63."""


@dataclass(frozen=True, eq=False)
class SoftmaxPlan:
    """The constants of the algorithm for one grid of inputs, number of classes and result type.

    ``exp_table`` is (factors, 2**exp_bits), the lowest bits of d first, in units of ``2**-exp_fraction``;
    ``reciprocal_base`` and ``reciprocal_slope`` are (2**reciprocal_bits,), in units of ``2**-mantissa_bits``.
    """

    drop: int
    exp_bits: int
    exp_fraction: int
    exp_table: Integers
    mantissa_bits: int
    reciprocal_bits: int
    reciprocal_base: Integers
    reciprocal_slope: Integers
    term_fraction: int
    cast: FixedType

    @property
    def rest_bits(self) -> int:
        """Bits of the mantissa that are interpolated over."""
        return self.mantissa_bits - self.reciprocal_bits

    def __call__(self, codes: Integers) -> FixedArray:
        """The softmax over the last axis of codes (..., classes)."""
        distance = codes.max(-1, keepdims=True) - codes
        exponentials = self._exp(distance >> self.drop)
        reciprocal = self._reciprocal(exponentials.sum(-1, keepdims=True))
        terms = exponentials >> (self.exp_fraction - self.term_fraction)
        fraction = self.term_fraction + self.mantissa_bits
        return cast(FixedArray(terms * reciprocal, fraction, 1 << fraction), self.cast)

    def _exp(self, distance: Integers) -> Integers:
        factors = len(self.exp_table)
        mask = (1 << self.exp_bits) - 1
        result = self.exp_table[-1][distance >> (factors - 1) * self.exp_bits & mask]
        for factor in reversed(range(factors - 1)):
            entry = self.exp_table[factor][distance >> factor * self.exp_bits & mask]
            result = result * entry >> self.exp_fraction
        return np.where(distance >> factors * self.exp_bits == 0, result, 0)

    def _reciprocal(self, total: Integers) -> Integers:
        exponent = np.frexp(total.astype(np.float64))[1] - 1 - self.exp_fraction
        # a total that rounds up to a power of two as a double would be one exponent too high
        exponent -= total < np.int64(1) << (exponent + self.exp_fraction)
        shift = exponent + self.exp_fraction - self.mantissa_bits
        mantissa = np.where(shift >= 0, total >> np.maximum(shift, 0), total << np.maximum(-shift, 0))
        mantissa -= np.int64(1) << self.mantissa_bits
        index, rest = mantissa >> self.rest_bits, mantissa & ((1 << self.rest_bits) - 1)
        value = self.reciprocal_base[index] - (self.reciprocal_slope[index] * rest >> self.rest_bits)
        return np.asarray(value >> exponent)


@cache
def softmax_plan(input_fraction: int, classes: int, result: FixedType) -> SoftmaxPlan:
    """The plan for inputs on the grid ``2**-input_fraction``.

    Raises:
        PrecisionError: the result has more fraction bits than the tables reach.
    """
    fraction = max(result.fraction, 0)
    exp_fraction = fraction + (classes - 1).bit_length() + 3
    if fraction > _MAX_RESULT_FRACTION or exp_fraction > _MAX_EXP_FRACTION:
        raise PrecisionError(
            f"a softmax of {classes} classes cannot be computed to {fraction} fraction bits; "
            f"at most {min(_MAX_RESULT_FRACTION, _MAX_EXP_FRACTION - exp_fraction + fraction)} are supported"
        )
    drop = max(0, input_fraction - exp_fraction - 1)
    kept = input_fraction - drop
    index_bits = max(1, (ceil((exp_fraction + 1) * log(2) * 2.0**kept) - 1).bit_length())
    factors = -(-index_bits // _MAX_TABLE_BITS)
    exp_bits = -(-index_bits // factors)
    weights = np.ldexp(1.0, np.minimum(np.arange(factors) * exp_bits - kept, 1000))[:, None]
    exponentials = np.exp(-np.arange(1 << exp_bits) * weights)
    mantissa_bits = fraction + 4
    reciprocal_bits = fraction // 2 + 1
    mantissas = 1.0 + np.ldexp(np.arange((1 << reciprocal_bits) + 1), -reciprocal_bits)
    reciprocals = np.rint(np.ldexp(1.0 / mantissas, mantissa_bits)).astype(np.int64)
    return SoftmaxPlan(
        drop,
        exp_bits,
        exp_fraction,
        np.rint(np.ldexp(exponentials, exp_fraction)).astype(np.int64),
        mantissa_bits,
        reciprocal_bits,
        reciprocals[:-1],
        reciprocals[:-1] - reciprocals[1:],
        fraction + 3,
        result.with_modes(result.rounding, Overflow.SAT),
    )


def softmax_codes(codes: Codes, input_type: FixedType, result_type: FixedType) -> Codes:
    """Codes of the softmax over the last axis of ``codes`` (..., classes), of ``input_type``.

    Raises:
        PrecisionError: the input has more than 62 bits, or the result too many fraction bits.
    """
    limit = max(-input_type.min_code, input_type.max_code)
    return softmax(FixedArray(codes, input_type.fraction, limit), result_type).codes


def softmax(x: FixedArray, result_type: FixedType) -> FixedArray:
    """`softmax_codes` of an array that knows its own grid."""
    if x.limit >= 1 << 62:
        raise PrecisionError("a softmax takes inputs of at most 62 bits")
    plan = softmax_plan(x.fraction, x.codes.shape[-1], result_type)
    return plan(x.codes.astype(np.int64))
