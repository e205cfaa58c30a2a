"""What constant weights cost: their width, how many are not zero, and how many additions they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from accelgen.ir import FixedType, Node

_ONES = np.array([value.bit_count() for value in range(256)], np.uint8)
_MANTISSA_BITS = 53


@dataclass(frozen=True)
class WeightCost:
    """Bits of the narrowest type that holds every weight, weights that are not 0, and their digits.

    ``dsp_products`` counts the different products of an input with a weight of `DSP_DIGITS` or more.
    """

    bits: int
    nonzero: int
    digits: int
    dsp_products: int


DSP_DIGITS = 3
"""Signed digits from which on Vitis HLS multiplies by a constant in a DSP block instead of with adders.

Exact for all 11 layers of the projects in ``reports`` whose weights are known (Vitis HLS 2021.1, 8 bits).
"""


def weight_cost(*constants: npt.NDArray[Any]) -> WeightCost:
    """The cost of constants, float64 on any fixed-point grid, of which results are the last axis.

    Digits are those of the canonical signed-digit form, the fewest of -1, 0 and 1. A value needs as many
    wherever its binary point is. A vector has an input for each of its values.
    """
    numbers = np.concatenate([np.asarray(values, np.float64).ravel() for values in constants])
    numbers = numbers[numbers != 0]
    if numbers.size == 0:
        return WeightCost(1, 0, 0, 0)
    mantissas, exponents = np.frexp(numbers)
    codes = _codes(mantissas)
    lowest = (codes & (~codes + np.uint64(1))).astype(np.float64)  # the last digit, a power of two
    fraction = int(np.max(_MANTISSA_BITS - np.frexp(lowest)[1] + 1 - exponents))
    low, high = (int(np.ldexp(extreme, fraction)) for extreme in (numbers.min(), numbers.max()))
    return WeightCost(
        FixedType.for_range(min(low, 0), max(high, 0), 0).width,
        numbers.size,
        int(signed_digits(codes).sum()),
        sum(_dsp_products(np.asarray(values, np.float64)) for values in constants),
    )


def _codes(mantissas: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    return np.ldexp(np.abs(mantissas), _MANTISSA_BITS).astype(np.uint64)


def signed_digits(codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Digits of codes < 2**62: n has one where n and 3n differ (Reitwiesner 1960, "Binary Arithmetic")."""
    differ = np.ascontiguousarray(codes ^ (codes * np.uint64(3)))
    ones: npt.NDArray[np.int64] = _ONES[differ.view(np.uint8)].reshape(*codes.shape, 8).sum(-1, np.int64)
    return ones


def _dsp_products(values: npt.NDArray[np.float64]) -> int:
    matrix = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
    large = np.where(signed_digits(_codes(np.frexp(matrix)[0])) >= DSP_DIGITS, matrix, 0)
    large.sort(axis=1)
    different = np.ones(large.shape, bool)
    different[:, 1:] = large[:, 1:] != large[:, :-1]
    return int(np.count_nonzero(different & (large != 0)))


_KNOWN: WeakKeyDictionary[Node, WeightCost] = WeakKeyDictionary()


def known_cost(node: Node, *constants: npt.NDArray[Any]) -> WeightCost:
    """The cost of a node's constants, computed once a node: a search describes the same one often."""
    cost = _KNOWN.get(node)
    if cost is None:
        cost = _KNOWN[node] = weight_cost(*constants)
    return cost
