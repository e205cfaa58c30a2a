"""The exact optimum of a search problem as a mixed-integer linear programme, which HiGHS in SciPy solves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from accelgen.errors import AccelgenError, UsageError
from accelgen.explore.problem import Indices, Problem
from accelgen.explore.program import Program, Row, unit_of
from accelgen.explore.reduction import ROUNDING, Reduced, reduce, shares_of

INFEASIBLE = 2
"""The status of SciPy's answer."""

PROOF = 1e-9
"""Between the cost of a design and a proven bound, relative, where HiGHS says that none is left."""

ATTEMPTS = 100
"""Designs that HiGHS lets through though they break a limit by a rounding, before the proof is given up."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A design that keeps every limit.

    Attributes:
        positions: of the chosen option of each layer.
        figures: of the design.
        cost: the objective.
        bound: no design that keeps the limits costs less.
    """

    positions: tuple[int, ...]
    figures: Mapping[str, float]
    cost: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether it is the best one, up to rounding."""
        return self.cost <= self.bound + PROOF * max(abs(self.cost), abs(self.bound))


def solve(problem: Problem, *, time_limit_s: float = inf) -> Solution | None:
    """The design of least cost that keeps every limit, the same one each time.

    Of designs that cost the same it is one with the least sum of all figures, each divided by the most that
    it can be. Limits are kept as `Problem.within_limits` compares, whatever HiGHS tolerates.

    Returns:
        None where it is proven that no design keeps the limits. With a time limit the best design that was
        found, its ``bound`` and whether it is ``proven``.

    Raises:
        UsageError: the objective rewards a large figure that is not a sum, or an option has no number for a
            column.
        AccelgenError: no design was found within the time limit, which proves nothing.
    """
    for name, weight in problem.objective.items():
        if weight < 0 and (problem.figures[name].worst or problem.figures[name].along):
            raise UsageError(f"{name!r} is not a sum over layers: the objective can only make it small")
    reduced = reduce(problem)
    if reduced is None:
        return None
    return _Search(reduced, problem, time.monotonic() + time_limit_s).run()


def solution_of(problem: Problem, positions: Indices, bound: float = -inf) -> Solution:
    """The solution that chooses the options at ``positions`` (layers,)."""
    figures = problem.evaluate(positions[None])
    return Solution(
        positions=tuple(map(int, positions)),
        figures={name: float(values[0]) for name, values in figures.items()},
        cost=float(problem.cost(figures)[0]),
        bound=bound,
    )


class _Search:
    """Programmes for one problem, until a design keeps the limits as the problem compares them."""

    def __init__(self, reduced: Reduced, original: Problem, deadline: float) -> None:
        self._reduced = reduced
        self._original = original
        self._problem = reduced.problem
        self._program = Program(reduced.problem)
        self._deadline = deadline
        self._excluded: list[Indices] = []

    def run(self) -> Solution | None:
        objective = self._sum(self._problem.objective)
        limits = [(self._program.row(name), limit) for name, limit in self._problem.limits.items()]
        positions, bound = self._least(objective, limits)
        if positions is None:
            return None
        found = solution_of(self._original, positions, bound)
        if not found.proven:
            return found
        alike, _ = self._least(self._sum(shares_of(self._problem)), [*limits, (objective, found.cost)])
        if alike is not None:
            other = solution_of(self._original, alike, bound)
            if other.cost <= found.cost + ROUNDING * abs(found.cost):
                return other
        return found

    def _sum(self, weights: Mapping[str, float]) -> Row:
        total = Row(np.zeros(self._program.n_variables))
        for name, weight in weights.items():
            row = self._program.row(name)
            total = Row(
                total.coefficients + weight * row.coefficients, total.constant + weight * row.constant
            )
        return total

    def _least(self, objective: Row, limits: Sequence[tuple[Row, float]]) -> tuple[Indices | None, float]:
        """The design of the original problem that makes a row least while others keep limits, and a bound."""
        program = self._program
        constraints = [
            LinearConstraint(program.one_each, 1, 1),
            LinearConstraint(program.links, -np.inf, 0),
        ]
        for row, limit in limits:
            unit = unit_of(row.coefficients)
            constraints.append(
                LinearConstraint(row.coefficients / unit, -np.inf, (limit - row.constant) / unit)
            )
        unit = unit_of(objective.coefficients)
        options = np.arange(program.n_variables) < program.n_options
        for _ in range(ATTEMPTS):
            left_s = self._deadline - time.monotonic()
            answer = milp(
                objective.coefficients / unit,
                integrality=options,
                bounds=Bounds(0, np.where(options, 1, np.inf)),
                constraints=constraints,
                options={"mip_rel_gap": 0.0, **({"time_limit": max(left_s, 0.0)} if left_s < inf else {})},
            )
            if answer.status == INFEASIBLE:
                return None, inf
            if answer.x is None:
                raise AccelgenError(f"no design was found in the time that was given: {answer.message}")
            positions = program.chosen(answer.x)
            bound = answer.mip_dual_bound * unit + objective.constant
            if self._problem.within_limits(self._problem.evaluate(positions[None]))[0]:
                return self._reduced.restore(positions[None])[0], bound
            # HiGHS tolerates that a limit is exceeded by a rounding: this design is none
            cut = np.zeros(program.n_variables)
            cut[program.starts[:-1] + positions] = 1
            constraints.append(LinearConstraint(cut, -np.inf, len(positions) - 1))
        raise AccelgenError("too many designs exceed a limit by a rounding only; give another limit")
