from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design.row_program import Integers, plain
from accelgen.design.spanning_tree import spanning_tree
from tests.design.row_matrices import assert_computes, clustered_matrix, matrices, random_matrix


@given(matrices(), st.integers(0, 9))
def test_the_tree_is_the_matrix_within_the_depth(matrix: Integers, max_depth: int) -> None:
    program = spanning_tree(matrix, max_depth)
    assert_computes(program, matrix)
    if max_depth:
        negations = any(factor < 0 for _, factor in program.rows)
        assert program.depth <= max(max_depth, plain(matrix).depth) + negations


@pytest.mark.parametrize("n_in", [16, 100, 256])
@pytest.mark.parametrize("make", [random_matrix, clustered_matrix])
@pytest.mark.parametrize("max_depth", [0, 12, 9, 1])
def test_a_tree_never_takes_more_additions(make: object, n_in: int, max_depth: int) -> None:
    assert callable(make)
    for seed in range(3):
        matrix = make(seed, n_in, 24)
        assert spanning_tree(matrix, max_depth).additions <= plain(matrix).additions


def test_deeper_trees_are_cheaper() -> None:
    matrix = clustered_matrix(0, 256, 64, 8)
    costs = [spanning_tree(matrix, depth).adder_bits() for depth in (8, 9, 10, 12, 16, 0)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.25 * plain(matrix).adder_bits()


def test_a_row_may_come_from_anothers_negative() -> None:
    rng = np.random.default_rng(0)
    row = rng.choice([-1, 1], 64)
    near = -row
    near[5] = row[5]
    program = spanning_tree(np.stack([row, near], 1))
    assert program.additions == 63 + 1
    assert sorted(coefficient for value in program.values for _, coefficient in value.values) == [-1]


def test_the_tree_is_entered_at_its_center() -> None:
    """Rows of a path, each one weight from the next: by an end it would be twice as deep."""
    rows = np.ones((64, 17), np.int64)
    for row in range(17):
        rows[:row, row] = -1
    program = spanning_tree(rows)
    assert program.additions == 63 + 16
    assert program.depth <= 6 + 8
    assert program.values[0].values == ()
    assert program.rows[8] == (0, 1)


def test_integers_and_numbers() -> None:
    matrix = random_matrix(0, 50, 12, largest=3)
    matrix[:, 1] = matrix[:, 0]
    matrix[3, 1] += 1
    program = spanning_tree(matrix, inputs=(-128, 127))
    assert_computes(program, matrix)
    assert program.adder_bits((-128, 127)) < plain(matrix).adder_bits((-128, 127))


def test_the_same_matrix_gives_the_same_tree() -> None:
    """Many edges weigh the same."""
    matrix = random_matrix(0, 8, 60)
    assert spanning_tree(matrix, 6) == spanning_tree(matrix.copy(), 6)
