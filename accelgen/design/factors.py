"""Divisors, and the legal factor nearest to a requested one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import isqrt


def divisors(number: int) -> list[int]:
    """Every divisor of a positive number, ascending."""
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def nearest(legal: Sequence[int], requested: int) -> int:
    """The value of ascending ``legal`` nearest to ``requested``, the smaller one of two as near."""
    position = bisect_left(legal, requested)
    if position == 0:
        return legal[0]
    if position == len(legal):
        return legal[-1]
    before, after = legal[position - 1], legal[position]
    return after if after - requested < requested - before else before
