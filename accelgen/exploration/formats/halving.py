"""Successive halving: assignments see few samples first, and hopeless ones no more."""

from __future__ import annotations

from collections.abc import Iterable

from accelgen.exploration.formats.points import Point
from accelgen.exploration.formats.predictor import Predictor

SHARES = (9, 3, 1)
"""Rungs end at a ninth, a third and all of the samples, as successive halving by 3 has them."""
LEAST_SAMPLES = 16
"""Of a rung; fewer say nothing."""
RISK = 0.02
"""The probability to be better than all that is known at which an assignment is still stopped."""


def rungs_of(samples: int, halving: bool = True) -> tuple[int, ...]:
    """Where the rungs of so many samples end; all are one rung without halving."""
    ends = {-(-samples // share) for share in SHARES} if halving else {samples}
    return tuple(sorted(end for end in ends if end >= LEAST_SAMPLES or end == samples))


class Judge:
    """Says of partly evaluated points whether they are hopeless, from the complete ones."""

    def __init__(self, known: Iterable[Point], risk: float = RISK) -> None:
        self._known = [point for point in known if point.complete]
        self._feasible = [point for point in self._known if point.feasible]
        self._risk = risk
        self._predictors: dict[int, Predictor] = {}

    def expected_if_hopeless(self, point: Point) -> float | None:
        """The loss to expect of a point that is dominated but for a probability of `RISK`; else None.

        A complete point that costs no more and is at least as right dominates it. Nothing is hopeless while
        too few points are complete to know such a probability.
        """
        if (len(self._known) + 1) * self._risk < 1:
            return None
        bar = min((known.loss for known in self._feasible if known.cost <= point.cost), default=None)
        if bar is None:
            return None
        predictor = self._predictor(len(point.parts))
        if predictor.probability_below(point, bar) > self._risk:
            return None
        return max(predictor.expected(point), bar)

    def _predictor(self, rungs: int) -> Predictor:
        if rungs not in self._predictors:
            self._predictors[rungs] = Predictor.fit(self._known, rungs)
        return self._predictors[rungs]
