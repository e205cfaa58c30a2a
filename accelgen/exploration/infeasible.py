"""Why no design keeps the limits of a problem, and which one misses them least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from accelgen.errors import UsageError
from accelgen.exploration.highs import stdout_on_stderr
from accelgen.exploration.milp import PROOF, Solution, solve
from accelgen.exploration.problem import Problem
from accelgen.exploration.program import Program
from accelgen.exploration.reduction import reduce


@dataclass(frozen=True, eq=False)
class Infeasible:
    """The proof that no design keeps the limits.

    Attributes:
        limits: that were asked for.
        alone: the best design for each limit that cannot be met even without the others.
        conflict: the smallest set of limits that cannot be met together, where each alone can.
        nearest: the design whose worst excess over a limit, relative to the limit, is least.
        excess: of the nearest design: what it takes beyond each limit that it misses.
    """

    limits: Mapping[str, float]
    alone: Mapping[str, Solution]
    conflict: tuple[str, ...]
    nearest: Solution
    excess: Mapping[str, float]

    @property
    def missed(self) -> tuple[float, float]:
        """The worst excess of the nearest design, and the sum of all, each relative to its limit."""
        shares = [beyond / (abs(self.limits[name]) or 1.0) for name, beyond in self.excess.items()]
        return max(shares), sum(shares)

    def as_json(self) -> dict[str, object]:
        """The explanation as ``--json`` prints it."""
        return {
            "limits": dict(self.limits),
            "least": {name: best.figures[name] for name, best in self.alone.items()},
            "conflict": list(self.conflict),
            "nearest": {"positions": list(self.nearest.positions), "figures": dict(self.nearest.figures)},
            "excess": dict(self.excess),
        }


def explain(problem: Problem) -> Infeasible:
    """Why no design keeps the limits of a problem.

    Raises:
        UsageError: a design keeps them.
    """
    alone = {}
    for name, limit in problem.limits.items():
        only = replace(problem, objective={name: 1.0})
        if solve(replace(only, limits={name: limit}), smallest=False) is None:
            alone[name] = _solved(replace(only, limits={}))
    conflict = () if alone else _smallest_conflict(problem)
    nearest = _nearest(problem)
    return Infeasible(
        limits=dict(problem.limits),
        alone=alone,
        conflict=conflict,
        nearest=nearest,
        excess={
            name: nearest.figures[name] - limit
            for name, limit in problem.limits.items()
            if nearest.figures[name] > limit
        },
    )


def _solved(problem: Problem) -> Solution:
    found = solve(problem)
    if found is None:
        raise AssertionError("without limits there is a design")
    return found


def _smallest_conflict(problem: Problem) -> tuple[str, ...]:
    """The first of the smallest sets of limits that no design keeps.

    Raises:
        UsageError: a design keeps all of them.
    """
    for size in range(2, len(problem.limits) + 1):
        for names in combinations(problem.limits, size):
            limits = {name: problem.limits[name] for name in names}
            if solve(replace(problem, objective={}, limits=limits), smallest=False) is None:
                return names
    raise UsageError("a design keeps all of the limits")


def _nearest(problem: Problem) -> Solution:
    """The design with the least worst excess, relative to the limit.

    Of several it is one with the least sum of excesses, and of those the one of least cost.
    """
    reduced = reduce(replace(problem, limits={}), problem.limits)
    if reduced is None:
        raise AssertionError("without limits there is a design")
    names = list(problem.limits)
    program = Program(reduced.problem, names)
    n = program.n_variables
    sizes = np.array([abs(problem.limits[name]) or 1.0 for name in names])
    rows = [program.row(name) for name in names]
    shares = np.stack([row.coefficients for row in rows]) / sizes[:, None]
    allowed = [(problem.limits[name] - row.constant) for name, row in zip(names, rows, strict=True)] / sizes
    # behind the programme's variables: the excess of each limit, and the worst one
    excess = sparse.hstack(
        [sparse.csr_array(shares), -sparse.eye_array(len(names)), np.zeros((len(names), 1))]
    )
    worst = sparse.hstack(
        [np.zeros((len(names), n)), sparse.eye_array(len(names)), -np.ones((len(names), 1))]
    )
    further = len(names) + 1
    constraints = [
        LinearConstraint(_widened(program.one_each, further), 1, 1),
        LinearConstraint(_widened(program.links, further), -np.inf, 0),
        LinearConstraint(excess, -np.inf, allowed),
        LinearConstraint(worst, -np.inf, 0),
    ]
    options = np.arange(n + further) < program.n_options
    highest = np.where(options, 1, np.inf)
    for weights in (np.eye(further)[-1], np.append(np.ones(len(names)), 0)):
        with stdout_on_stderr():
            found = milp(
                np.concatenate([np.zeros(n), weights]),
                integrality=options,
                bounds=Bounds(0, highest),
                constraints=constraints,
                options={"mip_rel_gap": 0.0},
            )
        highest[-1] = found.x[-1] * (1 + PROOF)
    design = reduced.restore(program.chosen(found.x)[None])
    figures = problem.evaluate(design)
    relaxed = {name: max(limit, float(figures[name][0])) for name, limit in problem.limits.items()}
    return _solved(replace(problem, limits=relaxed))


def _widened(matrix: sparse.csr_array, n: int) -> sparse.csr_array:
    return sparse.csr_array(sparse.hstack([matrix, sparse.csr_array((matrix.shape[0], n))]))
