"""How the rows of a constant matrix are computed: as sums of inputs and of each other.

A program is a list of values; each is a signed sum of inputs and earlier values, with small integer
coefficients. Plain rows, a spanning tree of rows and an adder graph are all programs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.design.design import RowSharing

Integers = npt.NDArray[np.int64]
Range = tuple[int, int]
"""The least and the greatest of some integers."""

BIT: Range = (0, 1)


@dataclass(frozen=True)
class Value:
    """The sum of ``coefficient * input[i]`` over ``inputs`` and ``coefficient * value[k]`` over ``values``.

    Both are pairs (index, coefficient), the coefficient never 0; a value refers to earlier ones only. Inputs
    whose coefficients have the same magnitude m are a group: hardware computes m times what their sum is.
    """

    inputs: tuple[tuple[int, int], ...] = ()
    values: tuple[tuple[int, int], ...] = ()

    @property
    def groups(self) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
        """The inputs that are added and those that are subtracted, for each magnitude, ascending."""
        magnitudes = sorted({abs(coefficient) for _, coefficient in self.inputs})
        return {
            magnitude: (
                tuple(index for index, coefficient in self.inputs if coefficient == magnitude),
                tuple(index for index, coefficient in self.inputs if coefficient == -magnitude),
            )
            for magnitude in magnitudes
        }


@dataclass(frozen=True)
class RowProgram:
    """Values in the order of their computation; row c of the matrix is ``factor * values[index]``.

    ``rows`` holds (index, factor) for each row, the index -1 where the row is 0. The counts are exact for
    trees of two-operand adders as described at each; products by a constant are sums of shifts, one for each
    nonzero digit of its canonical signed-digit form, and a row whose factor is negative takes a subtraction.
    """

    sharing: RowSharing
    """How the values came about; never AUTO."""
    values: tuple[Value, ...]
    rows: tuple[tuple[int, int], ...]

    def evaluate(self, x: Integers) -> Integers:
        """The rows (n, n_out) of inputs (n, n_in)."""
        found: list[Integers] = []
        for value in self.values:
            total = np.zeros(len(x), np.int64)
            for index, coefficient in value.inputs:
                total = total + coefficient * x[:, index]
            for index, coefficient in value.values:
                total = total + coefficient * found[index]
            found.append(total)
        zero = np.zeros(len(x), np.int64)
        return np.stack([zero if index < 0 else factor * found[index] for index, factor in self.rows], 1)

    @property
    def additions(self) -> int:
        """Additions and subtractions of two operands; an input counts as an operand each time it is added."""
        operands = sum(
            sum(n_digits(coefficient) for _, coefficient in value.values)
            + sum(len(plus) + len(minus) + n_digits(m) - 1 for m, (plus, minus) in value.groups.items())
            for value in self.values
        )
        return operands - len(self.values) + sum(_factor_additions(factor) for _, factor in self._products)

    @property
    def depth(self) -> int:
        """The most additions of two operands that wait for one another, sums being balanced trees."""
        depths: list[int] = []
        for value in self.values:
            depths.append(value_depth(value, depths))
        return max(
            (depths[index] + _factor_additions(factor).bit_length() for index, factor in self._products),
            default=0,
        )

    def ranges(self, inputs: Range = BIT) -> list[Range]:
        """The least and the greatest of each value, exactly, for inputs in the range ``inputs``."""
        low, high = inputs
        n_in = 1 + max((index for value in self.values for index, _ in value.inputs), default=-1)
        sums = np.zeros((len(self.values), n_in), np.int64)
        for total, value in zip(sums, self.values, strict=True):
            for index, coefficient in value.inputs:
                total[index] += coefficient
            for index, coefficient in value.values:
                total += coefficient * sums[index]
        plus = np.maximum(sums, 0).sum(1).tolist()
        minus = np.maximum(-sums, 0).sum(1).tolist()
        return [(low * p - high * m, high * p - low * m) for p, m in zip(plus, minus, strict=True)]

    def adder_bits(self, inputs: Range = BIT) -> int:
        """Full and half adders, for inputs in the range ``inputs``: about the LUTs of an FPGA.

        Both outputs of a full adder fit in one 6-input LUT. Each sum is a carry-save tree that ends in a
        carry chain: in a column of h bits, h // 2 adders leave one bit and carry as many into the next
        column. So counting n bits takes n adders less the ones in n's binary form (Knuth, TAOCP 4A, 7.1.2,
        sideways addition), and adding two w-bit numbers takes w. Groups of inputs are summed first. Offsets,
        signs and constants are free: a value has the bits that number the members of its range.
        """
        ranges = self.ranges(inputs)
        (low, high), adders = inputs, 0
        for value, (least, most) in zip(self.values, ranges, strict=True):
            columns: Counter[int] = Counter()
            for magnitude, (plus, minus) in value.groups.items():
                span = (len(plus) + len(minus)) * (high - low)
                adders += _tree_adders(_columns(high - low, 1, len(plus) + len(minus)), span.bit_length())
                columns += _columns(span, magnitude)
            for index, coefficient in value.values:
                columns += _columns(ranges[index][1] - ranges[index][0], coefficient)
            adders += _tree_adders(columns, (most - least).bit_length())
        for index, factor in self._products:
            span = (ranges[index][1] - ranges[index][0]) * abs(factor)
            adders += _factor_additions(factor) * span.bit_length()
        return adders

    @property
    def _products(self) -> set[tuple[int, int]]:
        """The products that rows are, each computed once."""
        return {(index, factor) for index, factor in self.rows if index >= 0}


def value_depth(value: Value, depths: Sequence[int]) -> int:
    """The depth of a value from those of earlier ones.

    A tree over operands of depths d is at least as deep as the logarithm to base 2 of the sum of 2**d, and
    one that adds the shallowest first is no deeper than that, rounded up.
    """
    leaves = sum(n_digits(coefficient) << depths[index] for index, coefficient in value.values)
    for magnitude, (plus, minus) in value.groups.items():
        leaves += n_digits(magnitude) << (len(plus) + len(minus) - 1).bit_length()
    return (leaves - 1).bit_length()


def plain(matrix: Integers) -> RowProgram:
    """The program that computes each row, a column of the matrix (n_in, n_out), by itself.

    Zeros cost nothing, and rows that are multiples of one another are computed once.
    """
    different, rows = different_rows(matrix)
    values = tuple(Value(inputs_of(column)) for column in different.T)
    return RowProgram(RowSharing.NONE, values, rows)


def different_rows(matrix: Integers) -> tuple[Integers, tuple[tuple[int, int], ...]]:
    """The columns of a matrix (n_in, n_out) but those that are 0 or a multiple of another.

    Returns:
        The columns (n_in, n_different), each divided by its greatest common divisor, and for each column of
        the matrix (index, factor): it is ``factor`` times the ``index``-th of these, and the index -1 says 0.
    """
    found: dict[bytes, tuple[int, int]] = {}
    columns: list[Integers] = []
    rows: list[tuple[int, int]] = []
    for column in np.asarray(matrix, np.int64).T:
        divisor = int(np.gcd.reduce(column))
        if divisor == 0:
            rows.append((-1, 1))
            continue
        column = column // divisor
        if column.tobytes() not in found:
            found[column.tobytes()] = (len(columns), 1)
            found[(-column).tobytes()] = (len(columns), -1)
            columns.append(column)
        index, sign = found[column.tobytes()]
        rows.append((index, sign * divisor))
    return np.stack(columns, 1) if columns else np.zeros((len(matrix), 0), np.int64), tuple(rows)


def inputs_of(column: Integers) -> tuple[tuple[int, int], ...]:
    """The inputs of a value that is a column of a matrix."""
    return tuple((int(index), int(column[index])) for index in np.flatnonzero(column))


def n_digits(constant: int) -> int:
    """Nonzero digits of a constant's canonical signed-digit form, which no form of +1, 0 and -1 undercuts.

    They are the ones of ``n ^ 3 * n`` (Reitwiesner, "Binary Arithmetic", 1960).
    """
    return (abs(constant) ^ 3 * abs(constant)).bit_count()


def _factor_additions(factor: int) -> int:
    return n_digits(factor) - 1 + (factor < 0)


def _columns(span: int, coefficient: int, count: int = 1) -> Counter[int]:
    """The bits in each column of a sum of ``count`` numbers from 0 to ``span``, times a coefficient."""
    magnitude = abs(coefficient)
    digits = magnitude ^ 3 * magnitude
    columns: Counter[int] = Counter()
    for digit in range(1, digits.bit_length()):
        if digits >> digit & 1:
            columns.update({digit - 1 + bit: count for bit in range(span.bit_length())})
    return columns


def _tree_adders(columns: Counter[int], width: int) -> int:
    """Full and half adders of a carry-save tree: ``columns`` of bits to one number of ``width`` bits."""
    adders = carries = 0
    for column in range(width):
        carries = (columns[column] + carries) // 2
        adders += carries
    return adders
