"""The exact optimum of a search problem, if need be by a mixed-integer linear programme (HiGHS in SciPy)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from accelgen.errors import AccelgenError, UsageError
from accelgen.exploration.highs import stdout_on_stderr
from accelgen.exploration.problem import Indices, Numbers, Problem
from accelgen.exploration.program import Program, Row, unit_of
from accelgen.exploration.reduction import ROUNDING, Reduced, reduce, shares_of, step_of
from accelgen.exploration.relaxed import lowest, lowest_rest

OPTIMAL, INFEASIBLE = 0, 2
"""The status of SciPy's answer."""

PROOF = 1e-9
"""Between the cost of a design and a proven bound, relative, where HiGHS says that none is left."""

ATTEMPTS = 100
"""Designs that HiGHS lets through though they break a limit by a rounding, before the proof is given up."""

TIE_NODES = 200
"""Nodes of the search tree in which the smallest of equally good designs is looked for."""

TOLERATED = 1e-5
"""What HiGHS tolerates is less, in units of scaled rows."""


class OutOfTimeError(AccelgenError):
    """No design was found within the time limit, which proves nothing."""


@dataclass(frozen=True, eq=False)
class Point:
    """A design: the positions of the options that it chooses, a layer each, and its figures."""

    positions: tuple[int, ...]
    figures: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Solution(Point):
    """A design that keeps every limit.

    Attributes:
        cost: the objective.
        bound: no design that keeps the limits costs less.
    """

    cost: float
    bound: float

    @property
    def proven(self) -> bool:
        """Whether it is the best one, up to rounding."""
        return self.cost <= self.bound + PROOF * max(abs(self.cost), abs(self.bound))


def solve(problem: Problem, *, smallest: bool = True, time_limit_s: float = inf) -> Solution | None:
    """The design of least cost that keeps every limit, the same one each time.

    Of designs that cost the same it is a small one unless ``smallest`` is false: the sum of all figures, each
    divided by the most that it can be, decides, as far as little effort shows it. Limits are kept as
    `Problem.within_limits` compares, whatever HiGHS tolerates. Programmes are only for what does not follow
    from fronts with fewer limits (`accelgen.exploration.relaxed`).

    Returns:
        None where it is proven that no design keeps the limits. With a time limit the best design that was
        found, its ``bound`` and whether it is ``proven``.

    Raises:
        UsageError: the objective rewards a large figure that is not a sum, or an option has no number for a
            column.
        OutOfTimeError: no design was found within the time limit.
    """
    for name, weight in problem.objective.items():
        if weight < 0 and (problem.figures[name].worst or problem.figures[name].along):
            raise UsageError(f"{name!r} is not a sum over layers: the objective can only make it small")
    reduced = reduce(problem, problem.objective)
    if reduced is None:
        return None
    return _Search(reduced, problem, time.monotonic() + time_limit_s).run(smallest)


def points_of(problem: Problem, designs: Indices) -> tuple[Point, ...]:
    """Designs (d, layers) with their figures."""
    figures = problem.evaluate(designs)
    return tuple(
        Point(tuple(map(int, design)), {name: float(values[row]) for name, values in figures.items()})
        for row, design in enumerate(designs)
    )


class _Search:
    """Programmes for one problem, until a design keeps the limits as the problem compares them."""

    def __init__(self, reduced: Reduced, original: Problem, deadline: float) -> None:
        self._reduced = reduced
        self._original = original
        self._problem = reduced.problem
        self._deadline = deadline
        names = list(self._problem.objective)
        single = len(names) == 1 and self._problem.objective[names[0]] == 1
        self._step = step_of(self._problem, names[0]) if single else 0.0

    def run(self, smallest: bool) -> Solution | None:
        problem = self._problem
        if problem.combinations == 1:
            return self._only()
        grown = self._grown(smallest)
        if grown is not None:
            return self._solution(self._reduced.restore(grown)[0], inf) if len(grown) else None
        found = self._programmed()
        return self._smallest(found) if smallest and found is not None and found.proven else found

    def _grown(self, smallest: bool) -> Indices | None:
        """The design (1, layers), or none, as far as fronts with few limits tell; None where it is open."""
        problem = self._problem
        (name, weight), *others = problem.objective.items() or [("", 0.0)]
        least = lowest(problem, name, self._deadline) if weight > 0 and not others else None
        if least is None or not (len(least) and smallest):
            return least
        most = float(problem.evaluate(least)[name][0])
        alike = lowest_rest(replace(problem, limits={**problem.limits, name: most}), self._deadline)
        return least if alike is None or not len(alike) else alike

    def _programmed(self) -> Solution | None:
        """The solution of a programme."""
        problem = self._problem
        program = Program(problem, {*problem.objective, *problem.limits})
        positions, bound = self._least(program, problem.objective, problem.limits)
        if positions is not None:
            return self._solution(positions, bound)
        if bound < inf:
            raise AccelgenError("it is open whether a design keeps the limits: many exceed one by a rounding")
        return None

    def _smallest(self, found: Solution) -> Solution:
        """The smallest design of the same cost, as far as a few nodes of the search tree show it."""
        problem = self._problem
        program = Program(problem, problem.figures)
        objective = _sum(program, problem.objective)
        try:
            alike, _ = self._least(
                program, shares_of(self._original), problem.limits, (objective, found.cost)
            )
        except OutOfTimeError:
            return found
        if alike is None:
            return found
        other = self._solution(alike, found.bound)
        return other if other.cost <= found.cost + ROUNDING * abs(found.cost) else found

    def _only(self) -> Solution | None:
        design = np.zeros((1, len(self._problem.layers)), np.int64)
        if not self._problem.within_limits(self._problem.evaluate(design))[0]:
            return None
        return self._solution(self._reduced.restore(design)[0], inf)

    def _solution(self, positions: Indices, bound: float) -> Solution:
        (point,) = points_of(self._original, positions[None])
        cost = self._original.cost_of(point.figures)
        return Solution(point.positions, point.figures, cost, min(bound, cost))

    def _least(
        self,
        program: Program,
        weights: Mapping[str, float],
        limits: Mapping[str, float],
        cost: tuple[Row, float] | None = None,
    ) -> tuple[Indices | None, float]:
        """The design of the original problem whose figures' weighted sum is least, and a bound.

        A ``cost`` is at most a number, too; ties are then decided, within `TIE_NODES`.
        """
        objective = _sum(program, weights)
        kept = [(program.row(name), limit) for name, limit in limits.items()]
        rows = [
            (row, limit, unit_of(row.coefficients))
            for row, limit in (kept if cost is None else [*kept, cost])
        ]
        constraints = [
            LinearConstraint(program.one_each, 1, 1),
            LinearConstraint(program.links, -np.inf, 0),
            *(_at_most(row, limit, unit) for row, limit, unit in rows),
        ]
        further = {} if cost is None else {"node_limit": TIE_NODES}
        lowest = inf
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            if last:  # there are too many of them: without all that are so close, for which the bound stands
                constraints += [_at_most(row, limit - unit * TOLERATED, unit) for row, limit, unit in rows]
            variables, bound = self._run(program, objective, constraints, further)
            lowest = min(lowest, bound) if last else bound
            if variables is None:
                break
            positions = program.chosen(variables)
            if self._problem.within_limits(self._problem.evaluate(positions[None]))[0]:
                return self._reduced.restore(positions[None])[0], lowest
            # HiGHS tolerates that a limit is exceeded by a rounding: this design is none
            cut = np.zeros(program.n_variables)
            cut[program.starts[:-1] + positions] = 1
            constraints.append(LinearConstraint(cut, -np.inf, len(positions) - 1))
        return None, lowest

    def _run(
        self,
        program: Program,
        objective: Row,
        constraints: Sequence[LinearConstraint],
        further: Mapping[str, float],
    ) -> tuple[Numbers | None, float]:
        """The variables that make a row least, None if there are none, and a bound."""
        unit = unit_of(objective.coefficients)
        options = np.arange(program.n_variables) < program.n_options
        left_s = self._deadline - time.monotonic()
        timed = {"time_limit": max(left_s, 0.0)} if left_s < inf else {}
        with stdout_on_stderr():
            answer = milp(
                objective.coefficients / unit,
                integrality=options,
                bounds=Bounds(0, np.where(options, 1, np.inf)),
                constraints=constraints,
                options={"mip_rel_gap": 0.0, **timed, **further},
            )
        if answer.status == INFEASIBLE:
            return None, inf
        if answer.x is None:
            raise OutOfTimeError(f"no design was found in the time that was given: {answer.message}")
        bound = answer.mip_dual_bound * unit + objective.constant
        if answer.status == OPTIMAL:
            # too low by what HiGHS tolerates of each row; of whole numbers it leaves the last one open
            bound += max(TOLERATED * unit, self._step)
        return answer.x, bound


def _sum(program: Program, weights: Mapping[str, float]) -> Row:
    """The weighted sum of figures."""
    total = Row(np.zeros(program.n_variables))
    for name, weight in weights.items():
        row = program.row(name)
        total = Row(total.coefficients + weight * row.coefficients, total.constant + weight * row.constant)
    return total


def _at_most(row: Row, limit: float, unit: float) -> LinearConstraint:
    return LinearConstraint(row.coefficients / unit, -np.inf, (limit - row.constant) / unit)
