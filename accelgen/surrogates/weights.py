"""What constant weights cost: how many are not zero, and how many additions they need."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_ONES = np.array([value.bit_count() for value in range(256)], np.uint8)
_MANTISSA_BITS = 53


def signed_digits(values: npt.NDArray[Any]) -> int:
    """Non-zero digits of all values in canonical signed-digit form, which is the fewest digits -1, 0, 1.

    A value needs as many whatever its binary point: n and 3n differ in twice the bits where the form of n
    has a digit (Reitwiesner 1960, "Binary Arithmetic").
    """
    mantissas, _ = np.frexp(np.abs(np.asarray(values, np.float64)))
    codes = np.ldexp(mantissas, _MANTISSA_BITS).astype(np.uint64)
    codes = codes[codes != 0]
    return int(_ONES[(codes ^ (codes * np.uint64(3))).view(np.uint8)].sum())
