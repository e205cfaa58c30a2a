"""How the rows of a constant matrix are computed: as sums of inputs and of each other.

A program is a list of values; each is a signed sum of inputs and earlier values, with small integer
coefficients. Plain rows, a spanning tree of rows and an adder graph are all programs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.design.design import RowSharing

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Value:
    """The sum of ``coefficient * input[i]`` over ``inputs`` and ``coefficient * value[k]`` over ``values``.

    Both are pairs (index, coefficient), the coefficient never 0; a value refers to earlier ones only.
    """

    inputs: tuple[tuple[int, int], ...] = ()
    values: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class RowProgram:
    """Values in the order of their computation; row c of the matrix is ``factor * values[index]``.

    ``rows`` holds (index, factor) for each row, the index -1 where the row is 0.
    """

    sharing: RowSharing
    """NONE, SPANNING_TREE or ADDER_GRAPH: how the values came about."""
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
