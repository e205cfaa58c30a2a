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
    """Bits of the narrowest type that holds every weight, weights that are not 0, and their digits."""

    bits: int
    nonzero: int
    digits: int


def weight_cost(values: npt.NDArray[Any]) -> WeightCost:
    """The cost of constants, which are float64 on any fixed-point grid.

    Digits are those of the canonical signed-digit form, the fewest of -1, 0 and 1. A value needs as many
    wherever its binary point is, and n has a digit where n and 3n differ (Reitwiesner 1960, "Binary
    Arithmetic").
    """
    numbers = np.asarray(values, np.float64).ravel()
    numbers = numbers[numbers != 0]
    if numbers.size == 0:
        return WeightCost(1, 0, 0)
    mantissas, exponents = np.frexp(numbers)
    codes = np.ldexp(np.abs(mantissas), _MANTISSA_BITS).astype(np.uint64)
    digits = _ONES[(codes ^ (codes * np.uint64(3))).view(np.uint8)].sum()
    lowest = (codes & (~codes + np.uint64(1))).astype(np.float64)  # the last digit, a power of two
    fraction = int(np.max(_MANTISSA_BITS - np.frexp(lowest)[1] + 1 - exponents))
    low, high = (int(np.ldexp(extreme, fraction)) for extreme in (numbers.min(), numbers.max()))
    return WeightCost(FixedType.for_range(min(low, 0), max(high, 0), 0).width, numbers.size, int(digits))


_KNOWN: WeakKeyDictionary[Node, WeightCost] = WeakKeyDictionary()


def known_cost(node: Node, *constants: npt.NDArray[Any]) -> WeightCost:
    """The cost of a node's constants, computed once a node: a search describes the same one often."""
    cost = _KNOWN.get(node)
    if cost is None:
        cost = _KNOWN[node] = weight_cost(np.concatenate([constant.ravel() for constant in constants]))
    return cost


def signed_digits(values: npt.NDArray[Any]) -> int:
    """Non-zero digits of all values in canonical signed-digit form (see `weight_cost`)."""
    return weight_cost(values).digits
