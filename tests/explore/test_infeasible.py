from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings

from accelgen.errors import UsageError
from accelgen.explore.infeasible import explain
from accelgen.explore.problem import Composition, LayerOptions, Problem

from tests.explore.problems import all_designs, problems


@settings(max_examples=150, deadline=None)
@given(problems())
def test_explanation_is_true(problem: Problem):
    figures = problem.evaluate(all_designs(problem))
    assume(not problem.within_limits(figures).any())
    found = explain(problem)
    least = {name: figures[name].min() for name in problem.limits}
    assert set(found.alone) == {name for name, limit in problem.limits.items() if least[name] > limit}
    for name, best in found.alone.items():
        assert best.figures[name] == pytest.approx(least[name])
    if not found.alone:
        limits = {name: problem.limits[name] for name in found.conflict}
        assert not replace(problem, limits=limits).within_limits(figures).any()
        for name in limits:
            fewer = {other: limit for other, limit in limits.items() if other != name}
            assert replace(problem, limits=fewer).within_limits(figures).any()
    excess = [
        np.maximum(figures[name] - limit, 0) / (abs(limit) or 1) for name, limit in problem.limits.items()
    ]
    nearest = max(found.excess[name] / (abs(problem.limits[name]) or 1) for name in found.excess)
    assert nearest == pytest.approx(np.max(excess, axis=0).min(), rel=1e-6)
