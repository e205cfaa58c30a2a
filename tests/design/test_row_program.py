from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design.design import RowSharing
from accelgen.design.row_program import Integers, RowProgram, Value, n_digits, plain
from tests.design.row_matrices import assert_computes, matrices, random_matrix


@given(matrices())
def test_plain_rows_are_the_matrix(matrix: Integers) -> None:
    program = plain(matrix)
    assert_computes(program, matrix)
    assert not any(value.values for value in program.values)


def test_zeros_and_multiples_cost_nothing() -> None:
    row = random_matrix(0, 20, 1, zeros=0.5)
    once = plain(row)
    again = plain(np.concatenate([row, 0 * row, row, 2 * row], 1))
    assert (again.additions, again.adder_bits()) == (once.additions, once.adder_bits())
    assert once.additions == np.count_nonzero(row) - 1
    opposite = plain(np.concatenate([row, -row], 1))
    assert opposite.additions == once.additions + 1  # the negation


@given(st.integers(1, 2000))
def test_counting_bits_takes_the_adders_of_sideways_addition(n: int) -> None:
    program = plain(np.ones((n, 1), np.int64))
    assert program.adder_bits() == n - n.bit_count()
    assert program.additions == n - 1
    assert program.depth == (n - 1).bit_length()


@pytest.mark.parametrize("width", [1, 2, 8, 13])
def test_adding_two_numbers_takes_their_width(width: int) -> None:
    program = plain(np.array([[1], [-1]]))
    assert program.adder_bits((0, (1 << width) - 1)) == width
    assert program.adder_bits((-(1 << width - 1), (1 << width - 1) - 1)) == width


def test_products_by_constants_are_sums_of_shifts() -> None:
    # (x0 + x1 + x2) * 7 = 8 * sum - sum: two additions and one; 2 bits carried past each other
    sevens = RowProgram(RowSharing.NONE, (Value(((0, 7), (1, 7), (2, 7))),), ((0, 1),))
    assert (sevens.additions, sevens.depth) == (3, 3)
    eights = RowProgram(RowSharing.NONE, (Value(((0, 8), (1, 8), (2, 8))),), ((0, 1),))
    assert (eights.additions, eights.depth, eights.adder_bits()) == (2, 2, 1)


def test_depth_follows_shared_sums() -> None:
    four = Value(tuple((i, 1) for i in range(4)))
    chain = (four, Value(((4, 1),), ((0, 1),)), Value(((5, -2),), ((1, -1),)))
    assert RowProgram(RowSharing.SPANNING_TREE, chain, ((2, 1),)).depth == 4
    assert RowProgram(RowSharing.SPANNING_TREE, chain, ((2, 1), (1, -1))).depth == 4
    assert RowProgram(RowSharing.SPANNING_TREE, chain, ((2, -1),)).depth == 5


@given(st.integers(-5000, 5000))
def test_no_signed_digits_are_fewer(constant: int) -> None:
    """Against the non-adjacent form computed digit by digit."""
    digits, rest = 0, constant
    while rest:
        if rest % 2:
            digit = 2 - rest % 4
            rest -= digit
            digits += 1
        rest //= 2
    assert n_digits(constant) == digits


@given(matrices(8, 6), st.sampled_from([(0, 1), (-4, 3), (0, 7), (-1, 1)]))
def test_ranges_are_reached_and_never_left(matrix: Integers, inputs: tuple[int, int]) -> None:
    program = plain(matrix)
    rng = np.random.default_rng(0)
    low, high = inputs
    x = rng.integers(low, high, (50, len(matrix)), endpoint=True)
    for value, (least, most) in zip(program.values, program.ranges(inputs), strict=True):
        alone = RowProgram(RowSharing.NONE, (value,), ((0, 1),))
        weights = dict(value.inputs)
        best = np.array([[high if weights.get(i, 0) > 0 else low for i in range(len(matrix))]])
        assert alone.evaluate(best) == most
        assert alone.evaluate(high + low - best) == least
        assert least <= alone.evaluate(x).min() <= alone.evaluate(x).max() <= most
