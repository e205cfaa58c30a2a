"""Rows computed from one another along a minimum spanning tree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelgen.design.design import RowSharing
from accelgen.design.row_program import (
    BIT,
    Integers,
    Range,
    RowProgram,
    Value,
    different_rows,
    inputs_of,
    n_digits,
    value_depth,
)

Floats = npt.NDArray[np.float64]


def spanning_tree(matrix: Integers, max_depth: int = 0, inputs: Range = BIT) -> RowProgram:
    """The program that computes a row as another, or its negative, and the inputs where they differ.

    After Vo et al., "MST-compression: Compressing and Accelerating Binary Neural Networks with Minimum
    Spanning Tree", ICCV 2023: the vertices of a complete graph are the rows and, for what takes the inputs
    alone, the zero row; an edge weighs what one row costs from the other; and each part of the minimum
    spanning tree is entered where it is least deep. Theirs are weights of -1 and 1 and Hamming distances;
    here weights are any integers, and an edge counts the bits that it adds.

    Args:
        matrix: (n_in, n_out).
        max_depth: the most additions after one another, 0 for no limit. A row that would exceed it comes from
            the cheapest row that is shallow enough, or from the inputs, even where these alone exceed it.
        inputs: the range of the inputs.
    """
    different, rows = different_rows(matrix)
    graph = _Graph(different, inputs)
    n_rows = different.shape[1]
    values: list[Value] = []
    depths: list[int] = []
    places = np.full(n_rows + 1, -1)  # the index of a row's value; the zero row, the last, has none
    for row, parent in _entered_at_centers(graph) if n_rows else []:
        value = graph.value(row, parent, places[parent])
        depth = value_depth(value, depths)
        if max_depth and depth > max_depth and parent != n_rows:
            placed = [int(np.flatnonzero(places == place)[0]) for place in range(len(values))]
            parent = graph.cheapest(row, placed, depths, max_depth)
            value = graph.value(row, parent, places[parent])
            depth = value_depth(value, depths)
        places[row] = len(values)
        values.append(value)
        depths.append(depth)
    placed_rows = tuple((int(places[index]), factor) for index, factor in rows)
    return RowProgram(RowSharing.SPANNING_TREE, tuple(values), placed_rows)


class _Graph:
    """The rows (n_in, n) of a matrix and the zero row, numbered n, with what each costs from each other."""

    def __init__(self, rows: Integers, inputs: Range) -> None:
        self.rows = np.append(rows, np.zeros((len(rows), 1), np.int64), 1)
        span = inputs[1] - inputs[0]
        alike, opposite = self._operands()
        totals = (span * np.abs(self.rows).sum(0)).tolist()
        widths = np.array([total.bit_length() for total in totals])
        self.signs = np.where(alike <= opposite, 1, -1)
        """(n + 1, n + 1): whether a row comes from each other one or its negative."""
        self.costs = span.bit_length() * np.minimum(alike, opposite) + np.maximum(widths, widths[:, None])
        """(n + 1, n + 1), symmetric: bits to add for a row from each other one."""
        self.costs[-1] -= widths
        self.costs[:, -1] -= widths

    def _operands(self) -> tuple[Floats, Floats]:
        """Operands in the difference of each two rows, and in the sum."""
        largest = int(np.abs(self.rows).max(initial=0))
        digits = np.array([n_digits(value) for value in range(2 * largest + 1)], np.float32)
        size = self.rows.shape[1]
        alike, opposite = np.zeros((size, size)), np.zeros((size, size))
        for weight in range(-largest, largest + 1):
            having = (self.rows == weight).astype(np.float32).T
            alike += having @ digits[np.abs(self.rows - weight)]
            opposite += having @ digits[np.abs(self.rows + weight)]
        return alike, opposite

    def value(self, row: int, parent: int, place: int) -> Value:
        """A row from another one, which the value ``place`` is, or from the zero row."""
        sign = int(self.signs[row, parent])
        difference = self.rows[:, row] - sign * self.rows[:, parent]
        is_zero = parent == self.rows.shape[1] - 1
        return Value(inputs_of(difference), () if is_zero else ((int(place), sign),))

    def cheapest(self, row: int, placed: list[int], depths: list[int], max_depth: int) -> int:
        """The cheapest row to take a row from without exceeding a depth; the zero row is always one.

        Args:
            row: of which there is no value yet.
            placed: the rows of the values that there are.
            depths: of these values.
            max_depth: of the row's value.
        """
        zero = len(self.costs) - 1
        cost = self.costs[row, placed]
        for place in map(int, np.argsort(cost, kind="stable")):
            if cost[place] >= self.costs[row, zero]:
                break
            if depths[place] >= max_depth:
                continue
            if value_depth(self.value(row, placed[place], place), depths) <= max_depth:
                return placed[place]
        return zero


def _entered_at_centers(graph: _Graph) -> list[tuple[int, int]]:
    """The minimum spanning tree as pairs (row, parent), parents first.

    A part that hangs from the zero row may hang by any of its rows that costs as little by itself: by the one
    from which the others are the fewest steps away.
    """
    # builds of networks without few bits need no graphs, whose import is a fifth of their time
    from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree, shortest_path

    size = len(graph.costs)
    zero = size - 1
    # csgraph sorts edges as it likes, so that equal ones would come in another order on another machine
    above = np.triu_indices(size, 1)
    order = np.lexsort((above[1], above[0], graph.costs[above]))
    ranks = np.zeros((size, size))
    ranks[above[0][order], above[1][order]] = np.arange(1, len(order) + 1)
    tree = minimum_spanning_tree(ranks).toarray() > 0
    tree |= tree.T
    entries = np.flatnonzero(tree[zero])
    tree[zero] = tree[:, zero] = False
    steps = shortest_path(tree, directed=False, unweighted=True)
    found: list[tuple[int, int]] = []
    for entry in entries:
        part = np.flatnonzero(np.isfinite(steps[entry]))
        roots = part[graph.costs[zero, part] == graph.costs[zero, entry]]
        farthest = steps[np.ix_(roots, part)].max(1)
        root = int(roots[np.argmin(farthest)])
        rows, parents = breadth_first_order(tree, root, directed=False)
        found += [(int(row), zero if row == root else int(parents[row])) for row in rows]
    return found
