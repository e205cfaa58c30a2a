"""The front of two sums where nothing is limited, layer by layer: a few milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelgen.explore.problem import Indices, Numbers, Problem
from accelgen.explore.reduction import columns_of, shares_of

MOST_POINTS = 50_000
"""Partial designs beyond which the front is not looked for."""


def relaxed_front(problem: Problem, axes: tuple[str, str]) -> Indices | None:
    """Designs (d, layers) of every point of the front of a problem without its limits, by ascending first.

    Of designs with equal figures it is that with the least sum of all figures' shares.

    Returns:
        None where a figure is not a sum over layers, or there are more than `MOST_POINTS` partial designs.
    """
    figures = [problem.figures[name] for name in axes]
    if any(each.worst or each.along for each in figures):
        return None
    shares = shares_of(problem)
    sums, rests = [], []
    for layer in problem.layers:
        nothing = np.zeros(len(layer))
        columns = [layer.columns[each.added] if each.added else nothing for each in figures]
        sums.append(np.stack(columns, axis=1))
        rest = nothing.copy()
        for name, share in shares.items():
            for column in columns_of(problem, name):
                rest += share * layer.columns[column]
        rests.append(rest)
    return _front(sums, rests)


def _front(sums: Sequence[Numbers], rests: Sequence[Numbers]) -> Indices | None:
    """The front of sums over layers of two columns (k, 2); None where it has too many partial designs."""
    total, rest = np.zeros((1, 2)), np.zeros(1)
    steps: list[tuple[Indices, Indices]] = []
    for own, own_rest in zip(sums, rests, strict=True):
        grown = (total[:, None] + own).reshape(-1, 2)
        grown_rest = (rest[:, None] + own_rest).reshape(-1)
        kept = _unbeaten(grown[:, 0], grown[:, 1], grown_rest)
        if len(kept) > MOST_POINTS:
            return None
        total, rest = grown[kept], grown_rest[kept]
        steps.append((kept // len(own), kept % len(own)))
    designs = np.zeros((len(total), len(steps)), np.int64)
    rows = np.arange(len(total))
    for layer in range(len(steps) - 1, -1, -1):
        origin, option = steps[layer]
        designs[:, layer] = option[rows]
        rows = origin[rows]
    return designs


def _unbeaten(first: Numbers, second: Numbers, rest: Numbers) -> Indices:
    """Positions of the pairs that no other one is as good as, ascending by the first."""
    order = np.lexsort((rest, second, first))
    best = np.minimum.accumulate(second[order])
    kept = np.ones(len(order), bool)
    kept[1:] = best[1:] < best[:-1]
    return order[kept]
