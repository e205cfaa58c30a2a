from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.design import RowSharing
from accelgen.design.row_program import Integers, Value, plain
from accelgen.design.spanning_tree import spanning_tree
from accelgen.design.subexpressions import subexpressions
from accelgen.design.sums import program_of
from tests.design.row_matrices import assert_computes, clustered_matrix, matrices, random_matrix

BYTE = (-128, 127)


@settings(max_examples=60)
@given(matrices(), st.integers(0, 9), st.sampled_from([(0, 1), BYTE]))
def test_the_program_is_the_matrix_within_the_depth(
    matrix: Integers, max_depth: int, inputs: tuple[int, int]
) -> None:
    program = subexpressions(matrix, max_depth, inputs)
    assert_computes(program, matrix)
    assert program.sharing is RowSharing.SUBEXPRESSIONS
    if max_depth:
        assert program.depth <= max(max_depth, plain(matrix).depth)


def test_a_pair_in_two_rows_is_added_once() -> None:
    matrix = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [0, 1], [0, -1]])
    program = subexpressions(matrix, inputs=BYTE)
    assert program.additions == plain(matrix).additions - 1
    assert [value.inputs for value in program.values if not value.values] == [((0, 1), (1, 1))]


@pytest.mark.parametrize("make", [random_matrix, clustered_matrix])
def test_sums_of_numbers_are_halved_again(make: object) -> None:
    assert callable(make)
    matrix = make(0, 128, 32)
    best = min(program.adder_bits(BYTE) for program in (plain(matrix), spanning_tree(matrix, 11)))
    assert subexpressions(matrix, 11, BYTE).adder_bits(BYTE) < 0.75 * best


def test_the_same_matrix_gives_the_same_sums() -> None:
    matrix = random_matrix(0, 60, 30)
    assert subexpressions(matrix, 9, BYTE) == subexpressions(matrix.copy(), 9, BYTE)


def test_what_is_used_once_stands_inside() -> None:
    """s = x0 - x1; t = 2 s + x2; u = t + x3, v = t - x3; the rows are u, -v, x1 and 0."""
    sums = [{0: 1, 1: -1}, {4: 2, 2: 1}, {5: 1, 3: 1}, {5: 1, 3: -1}]
    program = program_of(RowSharing.ADDER_GRAPH, 4, sums, [(6, 1), (7, -1), (1, 3), (-1, 1)])
    assert program.values == (
        Value(((0, 2), (1, -2), (2, 1))),
        Value(((3, 1),), ((0, 1),)),
        Value(((3, -1),), ((0, 1),)),
        Value(((1, 1),)),
    )
    assert program.rows == ((1, 1), (2, -1), (3, 3), (-1, 1))
