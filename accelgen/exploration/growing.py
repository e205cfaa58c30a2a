"""What the searches share that grow designs a layer at a time (`labels`, `relaxed`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelgen.exploration.problem import Indices, Numbers, Problem
from accelgen.exploration.reduction import columns_of, shares_of

_SUM_BITS = 51
"""Of sums that a float64 holds exactly."""


def exactly_added(tables: Sequence[Numbers]) -> list[Numbers]:
    """Tables (k, c) of layers, rounded in the last bits so that sums over layers are the same in any order.

    Layers that are alike then lead to equal labels, of which one stays.
    """
    most = sum(np.abs(table).max(axis=0) for table in tables)
    units = np.exp2(np.ceil(np.log2(np.where(most > 0, most, 1.0))) - _SUM_BITS)
    return [np.round(table / units) * units for table in tables]


def rests_of(problem: Problem) -> list[Numbers]:
    """The sum of all figures' shares of each layer's options (k,), which decides between equal designs."""
    shares = shares_of(problem)
    rests = []
    for layer in problem.layers:
        rest = np.zeros((len(layer), 1))
        for name, share in shares.items():
            for column in columns_of(problem, name):
                rest[:, 0] += share * layer.columns[column]
        rests.append(rest)
    return [rest[:, 0] for rest in exactly_added(rests)]


def traced_back(steps: Sequence[tuple[Indices, Indices]], rows: Indices) -> Indices:
    """The designs (d, layers) that partial designs ``rows`` (d,) after the last layer stand for.

    For each layer, ``steps`` have of its partial designs which of the layer before they continue, and the
    option by which they do.
    """
    designs = np.zeros((len(rows), len(steps)), np.int64)
    for layer in range(len(steps) - 1, -1, -1):
        origin, option = steps[layer]
        designs[:, layer] = option[rows]
        rows = origin[rows]
    return designs
