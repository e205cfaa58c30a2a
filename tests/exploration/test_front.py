from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.exploration import curves, milp, relaxed
from accelgen.exploration import front as fronts
from accelgen.exploration.front import knee, pareto, thin
from accelgen.exploration.milp import Point
from accelgen.exploration.problem import Composition, Problem
from accelgen.exploration.reduction import shares_of
from accelgen.exploration.relaxed import lowest, lowest_rest, relaxed_front
from tests.exploration.problems import COMPOSITIONS, all_designs, problems, tables


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


@settings(max_examples=150, deadline=None)
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


TABLE_FIGURES = {
    "lut": Composition("lut"),
    "dsp": Composition("dsp"),
    "latency": Composition(along="cycles"),
    "stream": Composition("cycles", worst="interval"),
    "interval": Composition(worst="interval"),
}
FORK = ((0, 1), (0, 2), (1, 3), (2, 3))


@pytest.mark.parametrize("labels", [1, 8, 1 << 15])
@pytest.mark.parametrize("axes", [("latency", "lut"), ("lut", "stream"), ("interval", "dsp")])
@pytest.mark.parametrize("edges", [FORK, ((0, 1), (1, 2), (2, 3))])
def test_bands_miss_nothing(monkeypatch, labels: int, axes: tuple[str, str], edges):
    monkeypatch.setattr(fronts, "LABELS", labels)
    limits = {"dsp": 60.0, "stream": 300.0, "lut": 4000.0}
    problem = Problem(tables(12, 9, 11, 10, seed=1), TABLE_FIGURES, {}, limits, edges)
    front = pareto(problem, *axes)
    assert front.proven
    assert np.array_equal(figures_of(front), brute_force(problem, *axes))
    assert len(front.points) > 3


SUMS = {name: Composition(name) for name in ("lut", "dsp", "cycles", "interval")}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_sums_under_several_limits_miss_nothing(data: st.DataObject):
    sizes = data.draw(st.lists(st.integers(3, 8), min_size=2, max_size=4))
    high = data.draw(st.sampled_from([10, 100, 1000]))
    problem = Problem(tables(*sizes, seed=data.draw(st.integers(0, 10**6)), high=high), SUMS, {})
    figures = problem.evaluate(all_designs(problem))
    limits = {
        name: float(np.quantile(figures[name], data.draw(st.sampled_from([0.1, 0.3, 0.6]))))
        for name in data.draw(st.lists(st.sampled_from(list(SUMS)), unique=True, min_size=2))
    }
    problem = replace(problem, limits=limits)
    axes = data.draw(st.permutations(list(SUMS)))[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fronts, "LABELS", data.draw(st.sampled_from([1, 8, 1 << 15])))
        patch.setattr(fronts, "relaxed_front", lambda *_: None)
        patch.setattr(milp, "lowest", lambda *_: None)
        patch.setattr(curves, "POINTS", data.draw(st.sampled_from([2, 400])))
        patch.setattr(curves, "STARTS", data.draw(st.sampled_from([2, 256])))
        front = pareto(problem, *axes)
    assert front.proven
    assert np.array_equal(figures_of(front), brute_force(problem, *axes))


def test_front_of_what_nothing_keeps_is_empty():
    problem = Problem(tables(3, 3), TABLE_FIGURES, {}, {"latency": 0.0})
    front = pareto(problem, "latency", "lut")
    assert front.points == ()
    assert front.proven


def test_front_of_one_design():
    nothing = pareto(Problem((), TABLE_FIGURES, {}), "latency", "lut")
    assert [point.positions for point in nothing.points] == [()]
    front = pareto(Problem(tables(1, 1), TABLE_FIGURES, {}), "latency", "lut")
    assert [point.positions for point in front.points] == [(0, 0)]


def test_of_equal_figures_the_smallest_rest_stays():
    problem = Problem(tables(8, 8, 8, seed=5, high=6), TABLE_FIGURES, {})
    shares = shares_of(problem)
    figures = problem.evaluate(all_designs(problem))
    rest = sum(share * figures[name] for name, share in shares.items())
    for point in pareto(problem, "latency", "lut").points:
        alike = (figures["latency"] == point.figures["latency"]) & (figures["lut"] == point.figures["lut"])
        own = sum(share * point.figures[name] for name, share in shares.items())
        assert own == pytest.approx(rest[alike].min())


def test_time_limit_leaves_no_proof():
    problem = Problem(tables(*[60] * 20, seed=2), TABLE_FIGURES, {}, {"dsp": 30.0, "stream": 700.0})
    assert not pareto(problem, "latency", "lut", time_limit_s=0).proven


def test_thin_keeps_ends_and_knee():
    front = pareto(Problem(tables(20, 20, 20, 20, seed=3, high=1000), TABLE_FIGURES, {}), "latency", "lut")
    points = list(front.points)
    assert len(points) > 20
    assert thin(points, front.axes, 2) == [points[0], points[-1]]
    assert thin(points, front.axes, 2, [5]) == [points[0], points[5]]
    assert points[5] in thin(points, front.axes, 7, [5])
    for n in (3, 4, 10, 20):
        chosen = thin(points, front.axes, n)
        assert len(chosen) == n
        assert chosen[0] is points[0]
        assert chosen[-1] is points[-1]
        assert points[knee(points, front.axes)] in chosen
        assert [points.index(point) for point in chosen] == sorted(map(points.index, chosen))
    assert thin(points, front.axes, 10_000) == points


def test_knee_is_where_both_figures_are_small():
    points = [Point((), {"a": a, "b": b}) for a, b in [(1, 100), (2, 90), (10, 2), (90, 1.5), (100, 1)]]
    assert knee(points, ("a", "b")) == 2
    assert thin(points, ("a", "b"), 3) == [points[0], points[2], points[4]]


@settings(max_examples=100, deadline=None)
@given(problems(least=-3), st.booleans())
def test_the_least_under_limits_is_that_of_all_designs(problem, altogether):
    figure = next(iter(problem.objective))
    found = lowest_rest(problem) if altogether else lowest(problem, figure)
    figures = problem.evaluate(all_designs(problem))
    kept = problem.within_limits(figures)
    if found is None:
        return
    assert len(found) == kept.any()
    if len(found):
        own = problem.evaluate(found)
        assert problem.within_limits(own)[0]
        assert altogether or own[figure][0] == pytest.approx(
            figures[figure][kept].min(), rel=1e-12, abs=1e-12
        )


@pytest.mark.parametrize("limits", [{}, {"dsp": 60.0}, {"dsp": 60.0, "cycles": 300.0}])
@pytest.mark.parametrize("figure", ["lut", "stream", "interval"])
def test_the_least_with_two_limits_is_found_without_programmes(figure: str, limits: dict[str, float]):
    problem = Problem(tables(8, 7, 9, 8, seed=3), {**TABLE_FIGURES, "cycles": SUMS["cycles"]}, {}, limits)
    figures = problem.evaluate(all_designs(problem))
    found = lowest(problem, figure)
    assert found is not None
    assert problem.evaluate(found)[figure][0] == figures[figure][problem.within_limits(figures)].min()


@pytest.mark.parametrize("n_levels", [1, 3, 40, 1000])
def test_triples_that_another_one_is_as_good_as_are_left_out(n_levels: int):
    rng = np.random.default_rng(n_levels)
    columns = [rng.integers(0, high, 300) for high in (n_levels, 30, 30)]
    values, rest = np.stack(columns, axis=1).astype(np.float64), rng.integers(0, 3, 300).astype(np.float64)
    as_good = (values[:, None] <= values).all(axis=2)
    equal = as_good & as_good.T
    smaller = (rest[:, None] < rest) | ((rest[:, None] == rest) & (np.arange(300)[:, None] < np.arange(300)))
    beaten = (as_good & (~equal | smaller)).any(axis=0)
    assert set(relaxed._unbeaten(values, rest).tolist()) == set(np.flatnonzero(~beaten).tolist())


@settings(max_examples=30, deadline=None)
@given(problems(), st.sampled_from([("lut", "dsp"), ("dsp", "lut")]), st.booleans())
def test_a_front_with_fewer_limits_is_that_of_all_designs(problem, axes, limited):
    problem = replace(
        problem, figures={**COMPOSITIONS, **problem.figures}, limits={"dsp": 9.0, **problem.limits}
    )
    limits = ["dsp"] if limited else []
    found = relaxed_front(problem, axes, limits)
    figures = problem.evaluate(all_designs(problem))
    kept = figures["dsp"] <= problem.limits["dsp"] if limited else np.ones(problem.combinations, bool)
    points = sorted(zip(*(figures[name][kept].round(9) for name in axes), strict=True))
    expected, least = [], np.inf
    for first, second in points:
        if second < least:
            expected.append((first, second))
            least = second
    own = problem.evaluate(found)
    shown = np.stack([own[name] for name in axes], axis=1)
    np.testing.assert_allclose(shown, np.reshape(expected, (-1, 2)))
