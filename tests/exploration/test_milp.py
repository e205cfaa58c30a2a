from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy import optimize

from accelgen.errors import UsageError
from accelgen.exploration import milp
from accelgen.exploration.milp import OutOfTimeError, solve
from accelgen.exploration.problem import Composition, LayerOptions, Problem
from tests.exploration.problems import all_designs, problems, tables


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=100, deadline=None)
@given(problems())
def test_an_added_figure_may_be_rewarded(problem: Problem):
    added = [
        name for name, figure in problem.figures.items() if figure.added and not figure.worst + figure.along
    ]
    assume(added)
    problem = replace(problem, objective={**problem.objective, added[0]: -1.5})
    figures = problem.evaluate(all_designs(problem))
    kept = problem.within_limits(figures)
    solution = solve(problem)
    assert (solution is not None) == kept.any()
    if solution is not None:
        assert solution.cost == pytest.approx(problem.cost(figures)[kept].min(), rel=1e-9, abs=1e-9)


def chain(*columns: list[float], limit: float = np.inf, **figures: Composition) -> Problem:
    """Layers whose options have one column, "a", and what follows from it."""
    layers = tuple(
        LayerOptions(f"layer{number}", tuple(range(len(own))), {"a": np.array(own), "b": -np.array(own)})
        for number, own in enumerate(columns)
    )
    return Problem(layers, {"a": Composition("a"), **figures}, {"a": 1.0}, {"a": limit})


def test_a_large_worst_figure_cannot_be_rewarded():
    problem = replace(chain([1.0], worst=Composition(worst="a")), objective={"worst": -1.0})
    with pytest.raises(UsageError, match="'worst' is not a sum"):
        solve(problem)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_options_without_a_number_are_refused(value: float):
    with pytest.raises(UsageError, match="layer 'layer1' has no 'a' for its option 1"):
        solve(chain([1.0], [2.0, value]))


def test_missing_columns_and_limits_are_refused():
    with pytest.raises(UsageError, match="no column 'c'"):
        solve(chain([1.0], other=Composition("c")))
    with pytest.raises(UsageError, match="limit of 'a'"):
        solve(chain([1.0], limit=np.nan))


def test_limits_are_kept_to_the_last_bit():
    options = [1.0, 1 + 1e-9]
    problem = chain(*[options] * 8, limit=8 + 3e-9, b=Composition("b"))
    solution = solve(replace(problem, objective={"b": 1.0}))
    assert solution is not None
    # the fourth large option is 1e-9 beyond the limit: HiGHS alone would allow all eight
    assert sum(solution.positions) == 3 if solution.proven else sum(solution.positions) <= 3
    assert solution.figures["a"] <= 8 + 3e-9


def test_of_equal_costs_the_smallest_rest_wins():
    layers = tuple(
        LayerOptions(f"layer{n}", (0, 1, 2), {"a": np.array([2.0, 1.0, 1.0]), "b": np.array([0.0, 5.0, 4.0])})
        for n in range(3)
    )
    solution = solve(Problem(layers, {"a": Composition("a"), "b": Composition("b")}, {"a": 1.0}))
    assert solution is not None
    assert solution.positions == (2, 2, 2)
    free = solve(Problem(layers, {"a": Composition("a"), "b": Composition("b")}, {"a": 1.0, "b": 0.25}))
    assert free is not None
    assert free.cost == 6
    assert free.positions == (0, 0, 0)


def test_every_scale_of_figures_is_exact():
    for scale in (1e-9, 1.0, 1e12):
        layers = tuple(
            replace(layer, columns={name: column * scale for name, column in layer.columns.items()})
            for layer in tables(7, 7, 7, seed=1)
        )
        figures = {"lut": Composition("lut"), "cycles": Composition("cycles")}
        problem = Problem(layers, figures, {"lut": 1.0}, {"cycles": 90 * scale})
        found = problem.evaluate(all_designs(problem))
        solution = solve(problem)
        assert solution is not None
        assert solution.cost == problem.cost(found)[problem.within_limits(found)].min()


def test_without_time_there_is_no_proof():
    figures = {name: Composition(name) for name in ("lut", "dsp", "cycles")}
    limits = {"dsp": 30.0, "cycles": 700.0}
    problem = Problem(tables(*[60] * 20, seed=2), figures, {"lut": 1.0}, limits)
    with pytest.raises(OutOfTimeError):
        solve(problem, time_limit_s=0)


def test_what_highs_tolerates_keeps_an_optimum_from_no_proof(monkeypatch: pytest.MonkeyPatch):
    def too_low(*arguments: Any, **keywords: Any) -> Any:
        answer = optimize.milp(*arguments, **keywords)
        # as seen of a worst column that a row bounds: the row is broken by HiGHS' tolerance
        answer.fun -= 1e-6
        answer.mip_dual_bound -= 1e-6
        return answer

    monkeypatch.setattr("accelgen.exploration.milp.milp", too_low)
    layers = tables(5, 5, 5, high=2000, seed=3)
    problem = Problem(layers, {"stream": Composition(added="dsp", worst="interval")}, {"stream": 1.0})
    solution = solve(problem)
    assert solution is not None
    assert solution.cost == problem.evaluate(all_designs(problem))["stream"].min()
    assert solution.proven
    assert solution.bound == solution.cost


def test_a_bound_that_leaves_no_whole_number_open_is_a_proof(monkeypatch):
    def lowered(*arguments: Any, **options: Any) -> Any:
        answer = optimize.milp(*arguments, **options)
        answer.mip_dual_bound -= 1023 / 1024
        return answer

    figures = {"lut": Composition("lut"), "cycles": Composition("cycles")}
    problem = Problem(tables(7, 7, 7, seed=1), figures, {"lut": 1.0}, {"cycles": 90.0})
    monkeypatch.setattr(milp, "lowest", lambda *_: None)
    monkeypatch.setattr(milp, "milp", lowered)
    monkeypatch.setattr(milp, "unit_of", lambda _: 1.0)
    solution = solve(problem)
    assert solution is not None
    assert solution.proven


def test_no_layers_have_one_design():
    solution = solve(Problem((), {"a": Composition("a", constant=2.0)}, {"a": 1.0}))
    assert solution is not None
    assert solution.cost == 2
    assert solve(Problem((), {"a": Composition("a", constant=2.0)}, {"a": 1.0}, {"a": 1.0})) is None
