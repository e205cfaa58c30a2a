"""The complete front of two figures: every design that no other one beats in both, under the limits.

The range of the first figure is cut into bands. In each a linear programme gives multipliers for the figures
and limits, so that every option costs something beyond the least that any design needs (its reduced cost).
Points of the front lie below the steps of the designs that are known: options, and partial designs, that cost
more than what is between those steps and the bound lead to none of them. What is left is enumerated with
dominance (`accelgen.explore.labels`); where that is too much, the band is halved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from accelgen.explore.labels import Growth
from accelgen.explore.milp import Solution, solution_of, solve
from accelgen.explore.problem import Indices, Numbers, Problem
from accelgen.explore.program import Program, unit_of
from accelgen.explore.reduction import ROUNDING, columns_of, reduce, shares_of

LABELS = 4096
"""Partial designs that are kept in a band before it is halved."""


@dataclass(frozen=True, eq=False)
class Front:
    """Designs that keep every limit, ascending by the first figure and descending by the second.

    Attributes:
        axes: the two figures.
        points: one design for each pair of figures.
        proven: that no point is missing.
    """

    axes: tuple[str, str]
    points: tuple[Solution, ...]
    proven: bool


def pareto(problem: Problem, first: str, second: str, *, time_limit_s: float = inf) -> Front:
    """The front of two figures under the limits of a problem, whose objective does not matter.

    Returns:
        No points where no design keeps the limits. With a time limit the points that were found.

    Raises:
        UsageError: an option has no number for a column that a figure needs.
    """
    deadline = time.monotonic() + time_limit_s
    reduced = reduce(replace(problem, objective={}))
    if reduced is None:
        return Front((first, second), (), True)
    search = _Search(reduced.problem, first, second, deadline)
    proven = search.run()
    designs = reduced.restore(search.known.designs)
    points = tuple(solution_of(problem, design) for design in designs)
    return Front((first, second), points, proven)


class _Known:
    """The front of the designs that are known: figures (n,) of both axes, and the designs (n, layers)."""

    def __init__(self, problem: Problem, axes: tuple[str, str]) -> None:
        self._problem = problem
        self._axes = axes
        self.first: Numbers = np.zeros(0)
        self.second: Numbers = np.zeros(0)
        self._rest: Numbers = np.zeros(0)
        self.designs: Indices = np.zeros((0, len(problem.layers)), np.int64)

    def add(self, designs: Indices) -> None:
        """Adds those of the designs that keep the limits, and drops what they beat."""
        figures = self._problem.evaluate(designs)
        kept = self._problem.within_limits(figures)
        rest = np.zeros(len(designs))
        for name, share in shares_of(self._problem).items():
            rest += share * figures[name]
        first = np.concatenate([self.first, figures[self._axes[0]][kept]])
        second = np.concatenate([self.second, figures[self._axes[1]][kept]])
        rest = np.concatenate([self._rest, rest[kept]])
        designs = np.concatenate([self.designs, designs[kept]])
        order = np.lexsort((*designs.T[::-1], rest, second, first))
        best = np.minimum.accumulate(second[order])
        steps = np.ones(len(order), bool)
        # a step that is not larger than a rounding is none
        steps[1:] = best[1:] < best[:-1] - ROUNDING * np.abs(best[:-1])
        order = order[steps]
        self.first, self.second, self._rest = first[order], second[order], rest[order]
        self.designs = designs[order]

    def beats(self, first: Numbers, second: Numbers) -> np.ndarray:
        """Which pairs of figures (n,) a known design beats."""
        below = np.searchsorted(self.first, first, "right") - 1
        known = below >= 0
        no_worse = known & (self.second[below] <= second)
        return no_worse & ((self.second[below] < second) | (self.first[below] < first))

    def at(self, first: float) -> float:
        """The least second figure of the known designs whose first one is not larger."""
        return float(self.second[np.searchsorted(self.first, first, "right") - 1])

    def corners(self, low: float, high: float) -> tuple[Numbers, Numbers]:
        """The corners of the steps within a band, below which unknown points lie."""
        ends = np.append(self.first[1:], inf)
        inside = (self.first <= high) & (ends >= low)
        return np.minimum(ends[inside], high), self.second[inside]


class _Search:
    def __init__(self, problem: Problem, first: str, second: str, deadline: float) -> None:
        self._axes = first, second
        self._deadline = deadline
        shares = shares_of(problem)
        # what cannot be broken is no limit; an interval's has taken options away
        limits = {name: limit for name, limit in problem.limits.items() if can_break(problem, name, limit)}
        self._problem = replace(problem, limits=limits)
        self._program = Program(self._problem)
        self._matrix, self._most = self._rows()
        self._growth = Growth(
            self._problem, [first, second, *(name for name in limits if name not in self._axes)]
        )
        self.known = _Known(self._problem, self._axes)
        self.bands = 0
        self.programmes = 0

    def run(self) -> bool:
        """Finds the front; whether it is proven complete."""
        for name in self._axes:
            end = solve(replace(self._problem, objective={name: 1.0}), time_limit_s=self._left_s())
            if end is None:
                return True
            self.known.add(np.array([end.positions]))
        bands = [(float(self.known.first[0]), float(self.known.first[-1]), LABELS)]
        while bands:
            low, high, most = bands.pop()
            if self._left_s() <= 0:
                return False
            if self._enumerate(low, high, most):
                continue
            inside = self.known.first[(self.known.first > low) & (self.known.first < high)]
            middle = float(inside[len(inside) // 2]) if len(inside) else (low + high) / 2
            bands += [(middle, high, most), (low, middle, most)]
        return True

    def _left_s(self) -> float:
        return self._deadline - time.monotonic()

    def _enumerate(self, low: float, high: float, most: int) -> bool:
        self.bands += 1
        fall = self.known.at(low) - self.known.at(high)
        slope = max(fall / (high - low) if high > low else 0.0, 1e-6)
        bound, excess = self._bound(slope)
        first, second = self.known.corners(low, high)
        slack = float((slope * first + second).max()) - bound
        slack += ROUNDING * (abs(bound) + abs(slack)) * 100

        def hopeless(least: Numbers) -> np.ndarray:
            return (least[:, 0] > high) | self.known.beats(least[:, 0], least[:, 1])

        designs, complete = self._growth.grow(excess, slack, hopeless, most)
        self.known.add(designs)
        return complete

    def _rows(self):
        program = self._program
        rows, bounds = [], []
        for name, limit in self._problem.limits.items():
            row = program.row(name)
            unit = unit_of(row.coefficients)
            rows.append(row.coefficients / unit)
            bounds.append((limit - row.constant) / unit)
        matrix = sparse.vstack([program.links, sparse.csr_array(np.array(rows).reshape(-1, program.n_variables))])
        return matrix, np.concatenate([np.zeros(program.links.shape[0]), bounds])

    def _bound(self, slope: float) -> tuple[float, list[Numbers]]:
        """The least that ``slope * first + second`` can be, and what each option adds to it at least."""
        program = self._program
        first, second = map(program.row, self._axes)
        objective = slope * first.coefficients + second.coefficients
        constant = slope * first.constant + second.constant
        unit = unit_of(objective)
        self.programmes += 1
        answer = linprog(
            objective / unit,
            A_ub=self._matrix,
            b_ub=self._most,
            A_eq=program.one_each,
            b_eq=np.ones(program.one_each.shape[0]),
            bounds=(0, None),
            method="highs",
        )
        multipliers = np.maximum(-answer.ineqlin.marginals, 0)
        # any multipliers bound: what HiGHS tolerates costs tightness only
        reduced = objective / unit + self._matrix.T @ multipliers
        least = -float(multipliers @ self._most)
        further = reduced[program.n_options :]
        least += float(np.minimum(further, 0) @ program.largest)
        options = [
            reduced[start:end] for start, end in zip(program.starts, program.starts[1:], strict=False)
        ]
        least += sum(float(own.min()) for own in options)
        return unit * least + constant, [unit * (own - own.min()) for own in options]


def can_break(problem: Problem, name: str, limit: float) -> bool:
    """Whether designs may exceed a limit."""
    composition = problem.figures[name]
    if not (composition.added or composition.along):
        return False
    most = composition.constant
    for column in columns_of(problem, name):
        most += sum(max(float(layer.columns[column].max()), 0) for layer in problem.layers)
    return most > limit


def thin(points: Sequence[Solution], axes: tuple[str, str], n: int) -> list[Solution]:
    """At most n points that are spread well over a front: both ends, the knee and what lies between them."""
    raise NotImplementedError
