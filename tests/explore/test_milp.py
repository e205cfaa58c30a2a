from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from accelgen.errors import AccelgenError, UsageError
from accelgen.explore.milp import solve
from accelgen.explore.problem import Composition, LayerOptions, Problem

from tests.explore.problems import all_designs, problems, tables


@settings(max_examples=300, deadline=None)
@given(problems(least=-3))
def test_solve_equals_brute_force(problem: Problem):
    figures = problem.evaluate(all_designs(problem))
    kept = problem.within_limits(figures)
    solution = solve(problem)
    if not kept.any():
        assert solution is None
        return
    assert solution is not None
    least = problem.cost(figures)[kept].min()
    assert solution.cost == pytest.approx(least, rel=1e-12, abs=1e-12)
    assert solution.proven
    assert solution.bound == pytest.approx(solution.cost, rel=1e-9, abs=1e-9)
    own = problem.evaluate(np.array([solution.positions]))
    assert problem.within_limits(own)[0]
    assert solution.figures == {name: values[0] for name, values in own.items()}
