"""Matrices that row programs are tested with."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from accelgen.design.row_program import Integers, RowProgram


def random_matrix(seed: int, n_in: int, n_out: int, largest: int = 1, zeros: float = 0.0) -> Integers:
    rng = np.random.default_rng(seed)
    values = [value for value in range(-largest, largest + 1) if value]
    matrix = rng.choice(values, (n_in, n_out))
    matrix[rng.random(matrix.shape) < zeros] = 0
    return matrix.astype(np.int64)


def clustered_matrix(seed: int, n_in: int, n_out: int, clusters: int = 4, flipped: float = 0.1) -> Integers:
    """Rows of -1 and 1 that differ from one of a few in a share of the inputs."""
    rng = np.random.default_rng(seed)
    rows = rng.choice([-1, 1], (n_in, clusters))[:, rng.integers(0, clusters, n_out)]
    return np.where(rng.random(rows.shape) < flipped, -rows, rows).astype(np.int64)


@st.composite
def matrices(draw: st.DrawFn, max_in: int = 40, max_out: int = 20) -> Integers:
    """Random and clustered ones; some have zero, repeated, opposite and doubled rows, or unused inputs."""
    n_in, n_out = draw(st.integers(1, max_in)), draw(st.integers(1, max_out))
    seed = draw(st.integers(0, 2**32 - 1))
    largest, zeros = draw(st.integers(1, 3)), draw(st.sampled_from([0.0, 0.5, 0.9]))
    matrix = random_matrix(seed, n_in, n_out, largest, zeros)
    if draw(st.booleans()):
        near = clustered_matrix(seed, n_in, n_out)
        matrix = np.where(matrix != 0, near, 0)
    rng = np.random.default_rng(seed)
    for factor in draw(st.lists(st.sampled_from([-1, 0, 1, 2]), max_size=4)):
        matrix[:, rng.integers(n_out)] = factor * matrix[:, rng.integers(n_out)]
    matrix[rng.random(n_in) < draw(st.sampled_from([0.0, 0.3]))] = 0
    return matrix


def assert_computes(program: RowProgram, matrix: Integers) -> None:
    """The program is the matrix: equal on each input by itself, its values reading earlier ones only."""
    assert np.array_equal(program.evaluate(np.eye(len(matrix), dtype=np.int64)), matrix)
    for number, value in enumerate(program.values):
        assert all(index < number and coefficient for index, coefficient in value.values)
        assert all(0 <= index < len(matrix) and coefficient for index, coefficient in value.inputs)
