from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.explore import front as fronts
from accelgen.explore.front import pareto
from accelgen.explore.problem import Problem

from tests.explore.problems import COMPOSITIONS, all_designs, problems, tables


def brute_force(problem: Problem, first: str, second: str) -> np.ndarray:
    """The pairs of figures that no design beats, (points, 2), but those that differ by roundings."""
    figures = problem.evaluate(all_designs(problem))
    pairs = np.stack([figures[first], figures[second]], axis=1)[problem.within_limits(figures)]
    pairs = np.unique(pairs.round(9), axis=0)
    best = np.minimum.accumulate(np.append(np.inf, pairs[:, 1]))
    return pairs[pairs[:, 1] < best[:-1]]


def figures_of(front: fronts.Front) -> np.ndarray:
    pairs = [[point.figures[axis] for axis in front.axes] for point in front.points]
    return np.array(pairs).reshape(-1, 2).round(9)


@settings(max_examples=300, deadline=None)
@given(problems(least=-3), st.data())
def test_pareto_equals_brute_force(problem: Problem, data: st.DataObject):
    first, second = data.draw(st.permutations(list(problem.figures)))[:2]
    front = pareto(problem, first, second)
    assert front.proven
    assert np.array_equal(figures_of(front), brute_force(problem, first, second))
    for point in front.points:
        own = problem.evaluate(np.array([point.positions]))
        assert problem.within_limits(own)[0]
        assert point.figures == {name: values[0] for name, values in own.items()}
