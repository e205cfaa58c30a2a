"""Which options of a problem can matter: the others lead to no best design, whatever the other layers do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from accelgen.errors import UsageError
from accelgen.exploration.problem import Indices, Numbers, Problem

ROUNDING = 1e-12
"""Of sums of figures, relative: two designs whose figures differ by less are equally good."""

MOST_WHOLE = 2**50
"""Of a sum of whole numbers that is exact."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """A problem with fewer options, and the positions that they had: ``kept``, an array for each layer."""

    problem: Problem
    kept: tuple[Indices, ...]

    def restore(self, designs: Indices) -> Indices:
        """The designs (d, layers) as positions in the problem that was reduced."""
        columns = [own[designs[:, i]] for i, own in enumerate(self.kept)]
        return np.stack(columns, axis=1) if columns else designs


def reduce(problem: Problem, wanted: Collection[str]) -> Reduced | None:
    """The problem without options and limits that cannot matter where ``wanted`` figures are to be best.

    An option cannot be chosen if it breaks a limit beside any others; it need not be if another one dominates
    it, which contributes at most as much to every wanted figure, to every figure that has a limit, and to the
    sum of all figures (`shares_of`), which decides between equal designs. Of equal options the first stays.
    A limit that no design can break any more is none.

    Returns:
        None if nothing is left of a layer: no design keeps the limits.

    Raises:
        UsageError: an option has no number for a column that a figure needs, or a limit is none.
    """
    _check(problem)
    if not problem.layers:
        only = problem.evaluate(np.zeros((1, 0), np.int64))
        return Reduced(problem, ()) if problem.within_limits(only)[0] else None
    shares = shares_of(problem)
    kept = tuple(np.arange(len(layer)) for layer in problem.layers)
    current = problem
    while True:
        flags = _within(current, least_with_each(current, list(current.limits)))
        if not all(own.any() for own in flags):
            return None
        possible = _select(current, flags)
        limits = {name: limit for name, limit in current.limits.items() if _can_break(possible, name, limit)}
        possible = replace(possible, limits=limits)
        names = dict.fromkeys([*wanted, *limits])
        better = [~_dominated(*columns) for columns in _compared(possible, list(names), shares)]
        kept = tuple(own[flag][keep] for own, flag, keep in zip(kept, flags, better, strict=True))
        smaller = _select(possible, better)
        if smaller.combinations == current.combinations:
            return Reduced(smaller, kept)
        current = smaller


def least_with_each(problem: Problem, names: Sequence[str]) -> dict[str, list[Numbers]]:
    """The least that figures can be with each option: an array for each layer."""
    sizes = [len(layer) for layer in problem.layers]
    own = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.arange(len(own))

    def chosen(column: str) -> Numbers:
        values = [layer.columns[column] for layer in problem.layers]
        least = np.tile([value.min() for value in values], (len(rows), 1))
        least[rows, own] = np.concatenate(values)
        return least

    ends = np.cumsum(sizes)[:-1]
    return {name: np.split(problem.compose(name, chosen, len(rows)), ends) for name in names}


def columns_of(problem: Problem, name: str) -> list[str]:
    """The columns that a figure needs."""
    composition = problem.figures[name]
    return [column for column in (composition.added, composition.worst, composition.along) if column]


def shares_of(problem: Problem) -> dict[str, float]:
    """Weights of figures that divide each by the most that it can be."""
    most = {
        name: sum(
            float(np.abs(layer.columns[column]).max())
            for column in columns_of(problem, name)
            for layer in problem.layers
        )
        for name in problem.figures
    }
    return {name: 1 / size for name, size in most.items() if size}


def step_of(problem: Problem, name: str) -> float:
    """What values of a figure differ by at least, where all that it follows from is whole numbers; else 0."""
    columns = [layer.columns[column] for column in columns_of(problem, name) for layer in problem.layers]
    values = np.concatenate([np.zeros(1), *columns])
    if (values != np.round(values)).any() or np.abs(values).sum() >= MOST_WHOLE:
        return 0.0
    return float(np.gcd.reduce(values.astype(np.int64)))


def _check(problem: Problem) -> None:
    for name, limit in problem.limits.items():
        if np.isnan(limit):
            raise UsageError(f"the limit of {name!r} is not a number")
    for name in problem.figures:
        for column in columns_of(problem, name):
            for layer in problem.layers:
                if column not in layer.columns:
                    raise UsageError(f"layer {layer.name!r} has no column {column!r}, which {name!r} needs")
                if not (finite := np.isfinite(layer.columns[column])).all():
                    choice = layer.choices[int(np.argmin(finite))]
                    raise UsageError(f"layer {layer.name!r} has no {column!r} for its option {choice}")


def _within(problem: Problem, least: dict[str, list[Numbers]]) -> list[npt.NDArray[np.bool_]]:
    """Which options can be part of a design that keeps every limit."""
    flags = [np.ones(len(layer), bool) for layer in problem.layers]
    for name, limit in problem.limits.items():
        size = sum(
            np.abs(layer.columns[column]).max()
            for column in columns_of(problem, name)
            for layer in problem.layers
        )
        for flag, figures in zip(flags, least[name], strict=True):
            flag &= figures <= limit + ROUNDING * size
    return flags


def _can_break(problem: Problem, name: str, limit: float) -> bool:
    """Whether designs may exceed a limit."""
    composition = problem.figures[name]
    added, worst, along = (
        [max(float(layer.columns[column].max()), 0.0) for layer in problem.layers] if column else [0.0]
        for column in (composition.added, composition.worst, composition.along)
    )
    most = sum(added) + max(worst) + sum(along)
    return composition.constant + most > limit - ROUNDING * (most + abs(limit))


def _select(problem: Problem, flags: Sequence[npt.NDArray[np.bool_]]) -> Problem:
    layers = [layer.take(np.flatnonzero(flag)) for layer, flag in zip(problem.layers, flags, strict=True)]
    return replace(problem, layers=tuple(layers))


def _compared(
    problem: Problem, names: Sequence[str], shares: Mapping[str, float]
) -> Iterator[tuple[Numbers, npt.NDArray[np.bool_]]]:
    """What options of each layer contribute (k, c), and which columns have no better end."""
    roles: dict[tuple[str, str], bool] = {}
    for name in names:
        composition = problem.figures[name]
        fixed = problem.objective.get(name, 0) < 0
        for role in ("added", "worst", "along"):
            if column := getattr(composition, role):
                roles[role, column] = roles.get((role, column), False) or fixed
    # a layer need not be better than what another one makes the worst whatever it is
    floors = {
        column: max((layer.columns[column].min() for layer in problem.layers), default=0.0)
        for role, column in roles
        if role == "worst"
    }
    for layer in problem.layers:
        columns = [
            np.maximum(layer.columns[column], floors[column]) if role == "worst" else layer.columns[column]
            for role, column in roles
        ]
        rest = np.zeros(len(layer))
        for name, share in shares.items():
            for column in columns_of(problem, name):
                rest += share * layer.columns[column]
        yield np.stack([*columns, rest], axis=1), np.array([*roles.values(), False])


BLOCK = 512


def _dominated(table: Numbers, fixed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which rows (k, c) another dominates, or an equal one precedes; ``fixed`` columns have to be equal."""
    numbers = np.arange(len(table))
    found = np.zeros(len(table), bool)
    for start in range(0, len(table), BLOCK):
        rows = slice(start, start + BLOCK)
        no_worse = np.ones((len(table), len(numbers[rows])), bool)
        equal = no_worse.copy()
        for column, exact in zip(table.T, fixed, strict=True):
            same = column[:, None] == column[rows]
            equal &= same
            no_worse &= same if exact else column[:, None] <= column[rows]
        found[rows] = (no_worse & (~equal | (numbers[:, None] < numbers[rows]))).any(axis=0)
    return found
