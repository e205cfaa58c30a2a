"""The front of two sums with one limit or none, layer by layer: milliseconds where others take long."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from accelgen.exploration.problem import Indices, Numbers, Problem
from accelgen.exploration.reduction import ROUNDING, columns_of, shares_of

MOST_POINTS = 50_000
"""Partial designs beyond which the front is not looked for."""

MOST_LEVELS = 500
"""Different values of the first figure of partial designs beyond which it is not, beside a limit."""


def relaxed_front(
    problem: Problem, axes: tuple[str, str], limit: str = "", high: float = inf
) -> Indices | None:
    """Designs (d, layers) of every point of the front of a problem with fewer limits, by ascending first.

    Of designs with equal figures it is one with a small sum of all figures' shares.

    Args:
        problem: of which all limits but one are left out.
        axes: the two figures.
        limit: the figure whose limit holds, if any.
        high: the most that the first figure may be.

    Returns:
        None where a figure is not a sum over layers, or there are too many partial designs.
    """
    names = [*axes, limit] if limit else list(axes)
    figures = [problem.figures[name] for name in names]
    if any(each.worst or each.along for each in figures):
        return None
    shares = shares_of(problem)
    most = np.array([high, inf, problem.limits[limit]] if limit else [high, inf])
    most += [
        ROUNDING / shares.get(name, 1.0) - each.constant for name, each in zip(names, figures, strict=True)
    ]
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
    return _front(sums, rests, most)


def thriftiest(problem: Problem, axes: tuple[str, str], high: float) -> Indices | None:
    """The design (layers,) with the least second figure whose first is at most ``high``, under all limits.

    Returns:
        None where that does not follow from the front with one limit or none, which proves nothing.
    """
    limit = ""
    for _ in range(2):
        designs = relaxed_front(problem, axes, limit, high)
        if designs is None or not len(designs):
            return None
        last: Indices = designs[-1]
        figures = problem.evaluate(last[None])
        if problem.within_limits(figures)[0]:
            return last
        limit = max(problem.limits, key=lambda name: figures[name][0] / (problem.limits[name] or 1.0))
    return None


def _front(sums: Sequence[Numbers], rests: Sequence[Numbers], most: Numbers) -> Indices | None:
    """The front of sums over layers of columns (k, c), which are at most ``most`` (c,)."""
    least = np.array([own.min(axis=0) for own in sums])
    ahead = np.cumsum(least[::-1], axis=0)[::-1] - least
    total, rest = np.zeros((1, len(most))), np.zeros(1)
    steps: list[tuple[Indices, Indices]] = []
    for own, own_rest, further in zip(sums, rests, ahead, strict=True):
        grown = (total[:, None] + own).reshape(-1, len(most))
        possible = np.flatnonzero((grown + further <= most).all(axis=1))
        grown, grown_rest = grown[possible], (rest[:, None] + own_rest).reshape(-1)[possible]
        unbeaten = _unbeaten(grown, grown_rest)
        if unbeaten is None or len(unbeaten) > MOST_POINTS:
            return None
        total, rest, kept = grown[unbeaten], grown_rest[unbeaten], possible[unbeaten]
        steps.append((kept // len(own), kept % len(own)))
    last = _pairs(total[:, 0], total[:, 1], rest)
    designs = np.zeros((len(last), len(steps)), np.int64)
    rows = last
    for layer in range(len(steps) - 1, -1, -1):
        origin, option = steps[layer]
        designs[:, layer] = option[rows]
        rows = origin[rows]
    return designs


def _unbeaten(values: Numbers, rest: Numbers) -> Indices | None:
    """Positions of the rows (n, 2) or (n, 3) that no other one is as good as in every column."""
    if values.shape[1] == 2:
        return _pairs(values[:, 0], values[:, 1], rest)
    levels, level = np.unique(values[:, 0], return_inverse=True)
    if len(levels) > MOST_LEVELS:
        return None
    # a level at a time, against the front of the other two columns of all levels below
    kept: list[Indices] = []
    front = np.zeros(0, np.int64)
    for rows in np.split(np.argsort(level, kind="stable"), np.cumsum(np.bincount(level))[:-1]):
        both = np.concatenate([front, rows])
        older = np.arange(len(both)) >= len(front)  # of equal rows the one below stays
        front_now = _pairs(values[both, 2], values[both, 1], np.where(older, rest[both] + 1, -1.0))
        front = both[front_now]
        kept.append(front[older[front_now]])
    return np.concatenate(kept) if kept else front


def _pairs(first: Numbers, second: Numbers, rest: Numbers) -> Indices:
    """Positions of the pairs that no other one is as good as, ascending by the first."""
    order = np.lexsort((rest, second, first))
    best = np.minimum.accumulate(second[order])
    kept = np.ones(len(order), bool)
    kept[1:] = best[1:] < best[:-1]
    return order[kept]
