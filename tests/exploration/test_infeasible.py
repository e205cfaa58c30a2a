from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from accelgen.errors import UsageError
from accelgen.exploration.infeasible import explain
from accelgen.exploration.problem import Composition, LayerOptions, Problem
from tests.exploration.problems import all_designs, problems


@settings(max_examples=50, deadline=None)
@given(problems())
def test_explanation_is_true(problem: Problem):
    figures = problem.evaluate(all_designs(problem))
    name = next(iter(problem.figures))
    problem = replace(problem, limits=problem.limits or {name: figures[name].max()})
    while problem.within_limits(figures).any():
        problem = replace(problem, limits={name: limit - 1 for name, limit in problem.limits.items()})
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


def test_limits_are_missed_alone_or_together():
    columns = {"cycles": np.array([34.0, 50.0]), "lut": np.array([900.0, 100.0])}
    figures = {"latency": Composition("cycles"), "lut": Composition("lut")}
    problem = Problem((LayerOptions("dense", (1, 2), columns),), figures, {"lut": 1.0}, {"latency": 20.0})
    assert explain(problem).as_json() == {
        "limits": {"latency": 20.0},
        "least": {"latency": 34.0},
        "conflict": [],
        "nearest": {"positions": [0], "figures": {"latency": 34.0, "lut": 900.0}},
        "excess": {"latency": 14.0},
    }
    both = explain(replace(problem, limits={"latency": 40.0, "lut": 500.0})).as_json()
    assert both["least"] == {}
    assert both["conflict"] == ["latency", "lut"]
    assert both["nearest"] == {"positions": [1], "figures": {"latency": 50.0, "lut": 100.0}}


def test_what_can_be_met_has_no_explanation():
    problem = Problem(
        (LayerOptions("dense", (1,), {"lut": np.array([1.0])}),), {"lut": Composition("lut")}, {}
    )
    for limits in ({}, {"lut": 5.0}):
        with pytest.raises(UsageError, match="keeps all"):
            explain(replace(problem, limits=limits))
