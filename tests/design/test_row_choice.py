from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design import RowSharing
from accelgen.design.row_choice import choose_program
from accelgen.design.row_program import Integers, plain
from tests.design.row_matrices import assert_computes, clustered_matrix, matrices, random_matrix


@given(matrices(), st.sampled_from([1, 2, 8]))
def test_the_choice_never_costs_more_than_plain_rows(matrix: Integers, input_bits: int) -> None:
    inputs = (0, (1 << input_bits) - 1)
    program = choose_program(matrix, input_bits=input_bits)
    assert_computes(program, matrix)
    assert program.sharing is not RowSharing.AUTO
    assert program.adder_bits(inputs) <= plain(matrix).adder_bits(inputs)


def test_the_choice_depends_on_the_matrix() -> None:
    assert choose_program(clustered_matrix(0, 100, 20)).sharing is not RowSharing.NONE
    assert choose_program(np.eye(10, dtype=np.int64)).sharing is RowSharing.NONE
    assert choose_program(random_matrix(0, 64, 16), input_bits=8).sharing is RowSharing.SUBEXPRESSIONS


@pytest.mark.parametrize("sharing", [RowSharing.NONE, RowSharing.SPANNING_TREE, RowSharing.SUBEXPRESSIONS])
def test_what_is_asked_for_is_taken(sharing: RowSharing) -> None:
    matrix = clustered_matrix(0, 60, 10)
    program = choose_program(matrix, sharing)
    assert program.sharing is sharing
    assert_computes(program, matrix)


def test_depth() -> None:
    matrix = clustered_matrix(0, 256, 64)
    assert plain(matrix).depth == 8
    assert choose_program(matrix).depth <= 12
    assert choose_program(matrix, max_depth=9).depth <= 9
    assert choose_program(matrix, max_depth=1).depth == 8
    assert choose_program(matrix, max_depth=100).depth > 12


def test_programs_are_found_once() -> None:
    matrix = random_matrix(0, 100, 30)
    assert choose_program(matrix) is choose_program(matrix.astype(np.int8))
    assert choose_program(matrix) is not choose_program(-matrix)
