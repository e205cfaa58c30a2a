from itertools import pairwise

import numpy as np
import pytest

from accelgen.exploration.formats.halving import RISK, Judge, rungs_of
from accelgen.exploration.formats.points import Part, Point, front
from accelgen.exploration.formats.predictor import Predictor

SAMPLES = 900
RUNGS = rungs_of(SAMPLES)


def drawn(loss: float, cost: float, rng: np.random.Generator, rungs: int = 3) -> Point:
    """A point whose samples are wrong with a probability of ``loss``."""
    wrong = rng.random(SAMPLES) < loss
    bounds = [0, *RUNGS]
    sums = [float(wrong[start:stop].sum()) for start, stop in pairwise(bounds)]
    sizes = np.diff(bounds)
    parts = tuple(Part(int(size), total, total) for size, total in zip(sizes, sums, strict=True))
    return Point((int(cost) % 5, int(loss * 40)), cost, 0.0, parts[:rungs], complete=rungs == 3)


def partial(point: Point, rungs: int) -> Point:
    return Point(point.genes, point.cost, 0.0, point.parts[:rungs])


def population(seed: int, size: int) -> list[Point]:
    rng = np.random.default_rng(seed)
    return [drawn(float(rng.uniform(0.02, 0.4)), float(rng.integers(1, 100)), rng) for _ in range(size)]


def test_rungs_end_at_a_ninth_a_third_and_all_samples():
    assert RUNGS == (100, 300, 900)
    assert rungs_of(100) == (34, 100)
    assert rungs_of(10) == (10,)
    assert rungs_of(900, halving=False) == (900,)


def test_the_front_is_what_no_complete_feasible_point_beats():
    part = (Part(10, 2.0, 2.0),)
    better = (Part(10, 1.0, 1.0),)
    points = [
        Point((0,), 5.0, 0.0, part, complete=True),
        Point((1,), 5.0, 0.0, part, complete=True),
        Point((2,), 7.0, 0.0, better, complete=True),
        Point((3,), 8.0, 0.0, better, complete=True),
        Point((4,), 1.0, 0.0, better, complete=False, expected=0.1),
        Point((5,), 1.0, 0.5),
    ]
    assert [point.genes for point in front(points)] == [(0,), (2,)]
    assert points[4].loss == 0.1
    assert points[5].loss == np.inf


@pytest.mark.parametrize("rungs", [1, 2])
def test_the_probability_holds(rungs):
    """Of points like the known ones, about the share is better than a loss that it says, hardly more."""
    known, fresh = population(0, 300), population(1, 2000)
    predictor = Predictor.fit(known, rungs)
    said = np.array([predictor.probability_below(partial(point, rungs), point.loss) for point in fresh])
    for probability in (0.02, 0.1, 0.5):
        assert np.mean(said <= probability) <= 1.2 * probability + 0.01
    assert np.mean(said <= 0.1) >= 0.05


def test_more_samples_predict_better():
    known, fresh = population(2, 200), population(3, 200)
    errors = [
        np.mean(
            [abs(Predictor.fit(known, rungs).expected(partial(point, rungs)) - point.loss) for point in fresh]
        )
        for rungs in (1, 2)
    ]
    assert errors[1] < errors[0] < 0.05


def test_hopeless_is_what_a_complete_point_dominates_most_probably():
    rng = np.random.default_rng(4)
    judge = Judge([*population(5, 100), drawn(0.02, 10.0, rng)])
    assert judge.expected_if_hopeless(drawn(0.35, 50.0, rng, rungs=1)) == pytest.approx(0.35, abs=0.08)
    assert judge.expected_if_hopeless(drawn(0.02, 50.0, rng, rungs=1)) is None  # may be as good
    assert judge.expected_if_hopeless(drawn(0.35, 0.5, rng, rungs=1)) is None  # costs less than all


def test_nothing_is_hopeless_before_enough_is_known():
    rng = np.random.default_rng(6)
    least = int(1 / RISK) - 2
    bad = drawn(0.4, 99.0, rng, rungs=1)
    assert Judge(population(7, least)).expected_if_hopeless(bad) is None
    assert Judge(population(7, least + 1)).expected_if_hopeless(bad) is not None
